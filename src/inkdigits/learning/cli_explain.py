"""The verb `explain`: what a network sees in an image.

In: an image, and a run folder or weights. Out: pictures and explain.json. Only Typer and the standard library
are imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import nearest, need, need_training


def explain(
    image: Annotated[
        Path,
        typer.Argument(metavar="IMAGE", help="A picture or PDF with digits, or a glyph of 28x28 pixels."),
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="RUN_OR_WEIGHTS",
            help="A finished run folder, or an .onnx file with its card. Default: the package's.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Default: explain/NAME-OF-IMAGE.")
    ] = None,
    digit: Annotated[
        int | None, typer.Option(min=1, help="Only this digit, counted in reading order.")
    ] = None,
    pages: Annotated[str, typer.Option(metavar="1-3,5", help="Pages of PDF and TIFF files.")] = "1",
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Feature maps of this layer alone, and the inputs that excite its units most.",
        ),
    ] = None,
    class_: Annotated[
        str | None,
        typer.Option("--class", metavar="0-9", help="Explain this class instead of the one that is read."),
    ] = None,
) -> None:
    """Show what a network sees: glyphs, filters, feature maps, occlusion, gradients, best inputs.

    Digits are found as `inkdigits read` finds them. Each is shown as the network gets it; then what its
    reading depends on (occlusion maps, Zeiler and Fergus 2014; gradients, Simonyan et al. 2013), the feature
    maps, and the inputs that excite each class most (activation maximisation, Erhan et al. 2009).
    """
    need("matplotlib")
    need("onnx")
    from inkdigits.learning.explain_glyphs import find_glyphs

    found = find_glyphs(image, pages, digit)
    if run is not None and run.is_dir():
        need_training()

    from rich.console import Console

    from inkdigits.learning import explain as views_of
    from inkdigits.learning import explain_figures as figures

    views = views_of.open_views(run)
    target = None if class_ is None else views.classes.index(nearest(class_, list(views.classes), "class"))
    if layer is not None:
        if not views.layers:
            raise typer.BadParameter(f"{views.name} has no layer with feature maps")
        nearest(layer, list(views.layers), "layer")
    with Console(stderr=True).status("") as status:
        seen = []
        for number, one in enumerate(found, start=1):
            status.update(f"what is seen in digit {number} of {len(found)}")
            seen.append(views_of.look_at(views, one.glyph, target))
        status.update("the inputs that excite each class most")
        best = views_of.maximise(views, list(range(min(figures.DIGITS, len(views.classes)))))
        units = None
        if layer is not None:
            status.update(f"the inputs that excite the units of {layer} most")
            strongest = views_of.strongest_units(seen[0].maps[layer])
            units = figures.UnitInputs(layer, views_of.maximise(views, strongest, layer))
        status.update("drawing")
        written = figures.write_pictures(
            views,
            seen,
            best,
            out or Path("explain") / image.stem,
            cutouts=[one.cutout for one in found],
            numbers=[one.number for one in found],
            units=units,
            layers=[layer] if layer else (),
            facts={
                "image": str(image),
                "found": [
                    {"digit": one.number, "page": one.page, "box": list(one.box), "text": one.read}
                    for one in found
                ],
            },
        )
    for path in written:
        typer.echo(path)
    for remark in views.remarks:
        typer.echo(f"{views.name}: {remark}", err=True)
