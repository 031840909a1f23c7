/**
 * Between the paths in debug information and the files on the user's machine.
 *
 * Rules are tried in order: the launch argument `sourceFileMap`, where `.` stands for all relative paths, then the
 * guest's own source folder for relative paths.
 */
export interface PathRule {
  /** Prefix in the debug information, with `/`. */
  readonly from: string;
  /** Folder on this machine. */
  readonly to: string;
}

/** With `/`, and the drive letter in one case: Windows clients write it in either. */
const slashes = (path: string): string =>
  path.replaceAll('\\', '/').replace(/^[a-z](?=:\/)/, (drive) => drive.toUpperCase());

const isRelative = (path: string): boolean => !path.startsWith('/') && !/^[A-Za-z]:\//.test(path);

const trimEnd = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

export class SourceMap {
  private readonly rules: readonly PathRule[];
  private readonly relativeRoot: string | undefined;

  /** @param relativeRoot the folder that relative paths in the debug information start from */
  constructor(rules: readonly PathRule[], relativeRoot: string | undefined) {
    this.rules = rules.map(({ from, to }) => ({ from: trimEnd(slashes(from)), to: trimEnd(slashes(to)) }));
    this.relativeRoot = relativeRoot === undefined ? undefined : trimEnd(slashes(relativeRoot));
  }

  /** @returns the file on this machine, or undefined where no rule knows it (the toolchain's own library, say) */
  toClient(file: string): string | undefined {
    const path = slashes(file);
    for (const { from, to } of this.rules) {
      if (from === '.' && isRelative(path)) return `${to}/${path.replace(/^\.\//, '')}`;
      if (path === from) return to;
      if (path.startsWith(from + '/')) return to + path.slice(from.length);
    }
    if (path.startsWith('/rustc')) return undefined;
    if (!isRelative(path)) return path;
    return this.relativeRoot === undefined ? undefined : `${this.relativeRoot}/${path.replace(/^\.\//, '')}`;
  }

  /** The path as the debug information would write it; matching by suffix does the rest. */
  toDebug(clientPath: string): string {
    const path = slashes(clientPath);
    for (const { from, to } of this.rules) {
      if (path === to) return from;
      if (path.startsWith(to + '/')) return from === '.' ? path.slice(to.length + 1) : from + path.slice(to.length);
    }
    if (this.relativeRoot !== undefined && path.startsWith(this.relativeRoot + '/')) {
      return path.slice(this.relativeRoot.length + 1);
    }
    return path;
  }
}
