/**
 * The exit statuses of `ringside run`, in one place. The guest's verdict is what it wrote to isa-debug-exit (port F4h).
 */
export const STATUS = {
  ok: 0,
  /** Bad arguments, unreadable files, images that cannot boot. Told on stderr with cause and remedy. */
  usage: 2,
  /** The largest verdict that is handed on as it is; larger ones become this. */
  verdictMax: 99,
  /** Halted, and no input can come any more. */
  waitsForInput: 121,
  /** Halted with interrupts disabled. */
  dead: 122,
  /** The guest asked for a reset. */
  reset: 123,
  /** The instruction budget is used up (124 as timeout(1)). */
  budget: 124,
  tripleFault: 125,
  /** Ctrl-C, Ctrl-A X: 128 + SIGINT. */
  interrupted: 130,
} as const;

export const STATUS_HELP = `Exit status:
  0      the guest ended with verdict 0 (success)
  1-99   the guest's verdict, as it wrote it to port 0xF4; larger ones are 99
  2      also: wrong arguments, or a file that cannot be read or booted
  121    the guest waits for input and there is no more
  122    the guest halted for ever (HLT with interrupts disabled)
  123    the guest asked for a reset
  124    the instruction budget is used up
  125    triple fault
  130    interrupted (Ctrl-C or Ctrl-A X)`;

export const verdictStatus = (code: number): number => Math.min(code, STATUS.verdictMax);
