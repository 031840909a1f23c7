/**
 * ANSI escape sequences in output: ours as styles for clients that show them, the guest's taken out for those that do not.
 * ECMA-48, "Control sequences", "Select Graphic Rendition (SGR)". DAP, `supportsANSIStyling`.
 */
const STYLES = { warning: '33', success: '32', failure: '31' } as const;
export type Style = keyof typeof STYLES;

/** The text in a style; line ends stay outside, so that what follows begins clean. */
export function styled(text: string, style: Style): string {
  const [, body, end] = /^(.*?)(\n*)$/s.exec(text)!;
  return body === '' ? text : `\x1b[${STYLES[style]}m${body!}\x1b[0m${end!}`;
}

/** CSI …, OSC … (to BEL or ST), and two-character sequences. */
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;
/** The beginning of a sequence whose end has not come yet. */
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?$/;
/** A sequence that is longer is none. */
const SEQUENCE_CHARACTERS_MAX = 1024;

/** Takes escape sequences out of a stream that comes in pieces. */
export class AnsiStripper {
  private carried = '';

  strip(piece: string): string {
    const text = this.carried + piece;
    const unfinished = UNFINISHED.exec(text)?.[0] ?? '';
    this.carried = unfinished.length <= SEQUENCE_CHARACTERS_MAX ? unfinished : '';
    const whole = this.carried === '' ? text : text.slice(0, -this.carried.length);
    return whole.replace(SEQUENCE, '');
  }
}
