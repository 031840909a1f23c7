/**
 * What a grading case says to the guest: texts typed when a pattern has appeared, and the pattern that ends the run.
 * Patterns see lines (`^` is a line's beginning) and only what came behind the one before.
 */
export interface Script {
  readonly input: readonly { readonly after: string; readonly text: string }[];
  readonly until?: string | undefined;
}

export class Dialogue {
  readonly #steps: readonly { readonly pattern: RegExp; readonly text: string | undefined }[];
  #next = 0;
  #seen = 0;

  constructor({ input, until }: Script) {
    const step = (pattern: string, text?: string) => ({ pattern: new RegExp(pattern, 'm'), text });
    this.#steps = [...input.map(({ after, text }) => step(after, text)), ...(until === undefined ? [] : [step(until)])];
  }

  /** Whether the pattern that ends the run has appeared. */
  get finished(): boolean {
    return this.#next > 0 && this.#next === this.#steps.length && this.#steps[this.#next - 1]!.text === undefined;
  }

  /** @returns what is to be typed now that the transcript is this */
  hear(transcript: string): string {
    let typed = '';
    for (let step = this.#steps[this.#next]; step; step = this.#steps[this.#next]) {
      const match = step.pattern.exec(transcript.slice(this.#seen));
      if (!match) break;
      this.#seen += match.index + match[0].length;
      this.#next++;
      typed += step.text ?? '';
      if (step.text !== undefined) break; // The answer comes later than this transcript.
    }
    return typed;
  }
}
