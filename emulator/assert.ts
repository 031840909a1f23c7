/** A broken invariant of ours: fails loudly, with the values in the message. Never used for what a guest or a user did. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Ringside invariant broken: ${message}`);
}
