/**
 * Lines, columns and paths as the client counts and writes them. Inside, lines and columns begin at 1, a column of 0 is
 * unknown, and paths are paths. DAP, `InitializeRequestArguments`: linesStartAt1, columnsStartAt1, pathFormat.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';

type Client = Pick<Dap.InitializeRequestArguments, 'linesStartAt1' | 'columnsStartAt1' | 'pathFormat'>;

interface Placed {
  readonly line?: number;
  readonly column?: number;
  readonly source?: Dap.Source;
}

export class ClientPositions {
  private readonly lineShift: number;
  private readonly columnShift: number;
  private readonly uris: boolean;

  constructor(client: Client) {
    this.lineShift = client.linesStartAt1 === false ? 1 : 0;
    this.columnShift = client.columnsStartAt1 === false ? 1 : 0;
    this.uris = client.pathFormat === 'uri';
  }

  toLine(line: number): number {
    return line - this.lineShift;
  }

  fromLine(line: number): number {
    return line + this.lineShift;
  }

  /** An unknown column is the line's first. */
  toColumn(column: number): number {
    return Math.max(1, column) - this.columnShift;
  }

  fromColumn(column: number): number {
    return column + this.columnShift;
  }

  /** RFC 8089, "The file URI Scheme". */
  toPath(path: string): string {
    if (!this.uris) return path;
    const slashed = path.replaceAll('\\', '/');
    return (
      'file://' + encodeURI(slashed.startsWith('/') ? slashed : `/${slashed}`).replace(/[?#]/g, encodeURIComponent)
    );
  }

  /** A URI is understood whatever the client said; `file:///C:/x` is `C:/x`. */
  fromPath(path: string): string {
    const match = /^file:\/\/[^/]*(\/.*)$/i.exec(path);
    if (!match) return path;
    try {
      return decodeURIComponent(match[1]!).replace(/^\/(?=[A-Za-z]:)/, '');
    } catch {
      return path;
    }
  }

  source(path: string): Dap.Source {
    return { name: path.split(/[\\/]/).at(-1)!, path: this.toPath(path) };
  }

  /** Anything with a line, a column and a source, as the client wants them. */
  show<T extends Placed>(placed: T): T {
    return {
      ...placed,
      ...(placed.line === undefined ? {} : { line: this.toLine(placed.line) }),
      ...(placed.column === undefined ? {} : { column: this.toColumn(placed.column) }),
      ...(placed.source?.path === undefined
        ? {}
        : { source: { ...placed.source, path: this.toPath(placed.source.path) } }),
    };
  }
}
