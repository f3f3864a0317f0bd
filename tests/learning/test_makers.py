"""A thread and processes of their own make the same epochs, and say what went wrong in them."""

from pathlib import Path

import numpy as np
import pytest
import tiny

from inkdigits.errors import DataError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.makers import epoch_makers

CONFIG = tiny.config(augmentation=Augmentation(translation=2.0, elastic=8.0))
NOWHERE = Path("nowhere")


def spoilt(config, folder):
    raise DataError("the images are gone")


def test_processes_make_what_a_thread_makes():
    data = tiny.prepare(CONFIG, NOWHERE)
    with epoch_makers(data, CONFIG, NOWHERE) as thread:
        assert thread.ahead == 1
        plain = [thread.begin(index).result() for index in (0, 3)]
    with epoch_makers(data, CONFIG, NOWHERE, 2, tiny.prepare) as pool:
        assert pool.ahead == 2
        made = [future.result(120) for future in [pool.begin(0), pool.begin(3)]]
    for one, other in zip(plain, made, strict=True):
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(one, other, strict=True))
    assert not np.array_equal(plain[0][0], plain[1][0])


def test_what_goes_wrong_in_a_process_is_told():
    with (
        epoch_makers(tiny.prepare(CONFIG, NOWHERE), CONFIG, NOWHERE, 2, spoilt) as pool,
        pytest.raises(DataError, match="images are gone"),
    ):
        pool.begin(0).result(120)
