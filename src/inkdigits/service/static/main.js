/* The page comes to life. In: the elements of index.html. Out: tabs, the desk, gallery and models when they are
   first seen. */

import { models } from "./api.js";
import { Desk } from "./desk.js";
import { fillGallery } from "./gallery.js";
import { fillModels } from "./models.js";
import { listen } from "./picture.js";
import { Tabs } from "./tabs.js";

const by = (id) => document.getElementById(id);
const desk = new Desk();

const tabs = new Tabs(document.querySelector('[role="tablist"]'), (id) => {
  if (id === "gallery") {
    fillGallery(by("pictures"), by("gallery-trouble"), (file) => openFiles([file]));
  } else if (id === "models") {
    fillModels(by("networks"), by("results"));
  }
});

function openFiles(files) {
  tabs.show("read");
  desk.open(files);
  // The button that was pressed is gone from sight: go on where the picture is.
  by("back").focus();
}

listen(by("drop"), openFiles);

// The sentence in the page fits either case; where the server says which it is, so does the page.
models().then(
  ({ stored }) => {
    by("promise").textContent = stored
      ? "The operator of this server keeps what you draw or open, and its answers."
      : "What you draw or open is read and forgotten.";
  },
  () => {},
);
