/* Tabs. In: the elements with role "tab". Out: one panel is seen, the address names it, arrow keys go from tab
   to tab; `onShow` with a panel's id when it comes to be seen. */

export class Tabs {
  #tabs;
  #onShow;

  constructor(list, onShow) {
    this.#tabs = [...list.querySelectorAll('[role="tab"]')];
    this.#onShow = onShow;
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.show(tab.getAttribute("aria-controls")));
    }
    list.addEventListener("keydown", (event) => this.#walk(event));
    addEventListener("hashchange", () => this.#fromAddress());
    this.#fromAddress();
  }

  show(id) {
    for (const tab of this.#tabs) {
      const chosen = tab.getAttribute("aria-controls") === id;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
    // Replaced, not pushed: the way back leads out of the page, not through its tabs.
    history.replaceState(null, "", `#${id}`);
    this.#onShow(id);
  }

  #fromAddress() {
    const ids = this.#tabs.map((tab) => tab.getAttribute("aria-controls"));
    const wanted = location.hash.slice(1);
    if (ids.includes(wanted)) {
      this.show(wanted);
    }
  }

  #walk(event) {
    const at = this.#tabs.indexOf(event.target);
    const last = this.#tabs.length - 1;
    const steps = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last };
    if (at >= 0 && event.key in steps) {
      event.preventDefault();
      const tab = this.#tabs[steps[event.key]];
      tab.focus();
      this.show(tab.getAttribute("aria-controls"));
    }
  }
}
