/** What the core asks of the host for files: Node's file system, or what a Web Worker was handed. */
import type { Result } from '../result.ts';

export interface GuestImageFiles {
  /** Names of the user programs in the image. */
  readonly programs: readonly string[];
  /** Folder of the guest's sources on this machine: what relative paths in its debug information start from. */
  readonly sourceRoot: string | undefined;
  /** @param name `kernel` or one of `programs` */
  load(name: string): Promise<Result<Uint8Array>>;
}

export interface FileSource {
  /** A file of the user's. Fails with `file-unreadable`. */
  read(path: string): Promise<Result<Uint8Array>>;
  /** The guest of a folder, or the one that comes with Ringside. Fails with `guest-image`. */
  guestImage(folder?: string): Promise<Result<GuestImageFiles>>;
}
