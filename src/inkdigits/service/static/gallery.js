/* The tab "Gallery". In: gallery.json. Out: a button a picture; `onFile` with the file that was chosen. */

import { part } from "./api.js";
import { make } from "./build.js";

export async function fillGallery(list, trouble, onFile) {
  if (list.childElementCount > 0) {
    return;
  }
  let pictures;
  try {
    pictures = await part("static/gallery/gallery.json");
  } catch (error) {
    trouble.textContent = `${error.message} Open this tab again to try once more.`;
    return;
  }
  trouble.textContent = "";
  list.replaceChildren(...pictures.map((picture) => tile(picture, trouble, onFile)));
}

function tile(picture, trouble, onFile) {
  const face = make("img", { src: `static/gallery/${picture.face}`, alt: "", loading: "lazy" });
  const button = make("button", { type: "button", "data-file": picture.file }, face, make("span", {}, picture.says));
  button.addEventListener("click", async () => {
    try {
      const blob = await part(`static/gallery/${picture.file}`, true);
      trouble.textContent = "";
      onFile(new File([blob], picture.file, { type: blob.type }));
    } catch (error) {
      trouble.textContent = error.message;
    }
  });
  return make("li", {}, button);
}
