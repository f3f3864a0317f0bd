/* The newest question and its answer. In: what is to be read, as often as it changes. Out: `onAnswer` for the
   newest only, `onTrouble` where there is none, `onWork` when work begins and ends. Older questions are given
   up; where the server is silent or busy the newest is asked again until it answers. */

import { read, Trouble } from "./api.js";

const FOLLOW = 100; // milliseconds between questions while one draws
const FIRST_WAIT = 1; // seconds until a silent server is asked again, growing to the longest
const LONGEST_WAIT = 5;
const BUSY_TRIES = 6; // then it is told: an image may be more than the server can read at any time

export class Reading {
  #timer = null;
  #control = null;

  constructor({ onAnswer, onTrouble, onWork }) {
    this.onAnswer = onAnswer;
    this.onTrouble = onTrouble;
    this.onWork = onWork;
  }

  /* Ask about `subject` at once: {blob: async () => Blob, name, asked, since}. */
  ask(subject) {
    this.stop();
    this.#run(subject);
  }

  /* Ask about it soon, unless a question is open: one that is being drawn changes all the time. */
  follow(subject) {
    if (this.#timer === null && this.#control === null) {
      this.#timer = setTimeout(() => this.#run(subject()), FOLLOW);
    }
  }

  /* Forget what was asked. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#control?.abort();
    this.#control = null;
    this.onWork(false);
  }

  async #run(subject, tried = 0) {
    this.#timer = null;
    const control = (this.#control = new AbortController());
    this.onWork(true);
    let wait = null;
    try {
      const found = await read(await subject.blob(), subject.name, subject.asked, control.signal);
      if (control.signal.aborted) {
        return;
      }
      this.onAnswer(found, subject);
    } catch (error) {
      if (control.signal.aborted) {
        return;
      }
      const trouble = error instanceof Trouble ? error : new Trouble("refused", String(error.message || error));
      if (trouble.kind === "silent" || (trouble.kind === "busy" && tried < BUSY_TRIES)) {
        wait = Math.max(trouble.seconds ?? 0, Math.min(LONGEST_WAIT, FIRST_WAIT * 1.5 ** tried));
      }
      this.onTrouble(trouble, wait, subject);
    }
    this.#control = null;
    this.onWork(false);
    if (wait !== null) {
      this.#timer = setTimeout(() => this.#run(subject, tried + 1), wait * 1000);
    }
  }
}
