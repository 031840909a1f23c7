/**
 * Guest memory as a read-only document: one click from a view, read again at each stop. What was clicked on is marked in
 * the memory around it, and bytes that changed since the last stop are coloured.
 *
 * Invariant: a document's text depends on its range and the stop alone; what is marked is kept beside it.
 */
import * as vscode from 'vscode';
import { byteColumns, hexDump, lineOfByte } from './hex-dump.ts';
import type { StopTracker } from './stop-tracker.ts';

const SCHEME = 'ringside-memory';
export const SHOW_MEMORY_COMMAND = 'ringside.showMemory';

export interface MemoryRange {
  /** What stands on the tab, beside the address. */
  readonly title: string;
  readonly memoryReference: string;
  readonly sizeBytes: number;
  /** The bytes to mark and scroll to, by their distance from the start. */
  readonly mark?: { readonly offset: number; readonly sizeBytes: number };
}

interface ReadMemoryBody {
  readonly address: string;
  readonly data?: string;
}

/** What a document showed at a stop and at the one before. */
interface Shown {
  readonly stopNumber: number;
  readonly bytes: Uint8Array;
  readonly before: Uint8Array | undefined;
}

export class MemoryDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly stops: StopTracker;
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly shown = new Map<string, Shown>();
  private readonly marks = new Map<string, NonNullable<MemoryRange['mark']>>();
  private readonly markStyle = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.findMatchHighlightBackground'),
  });
  private readonly changedStyle = vscode.window.createTextEditorDecorationType({
    color: new vscode.ThemeColor('ringside.changedForeground'),
    fontWeight: 'bold',
  });
  private readonly disposables: readonly { dispose(): unknown }[];

  constructor(stops: StopTracker) {
    this.stops = stops;
    this.disposables = [
      this.changed,
      this.markStyle,
      this.changedStyle,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.commands.registerCommand(SHOW_MEMORY_COMMAND, (range: MemoryRange) => this.open(range)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.decorateAll(document)),
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.decorate(editor);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.shown.delete(uri.toString());
        this.marks.delete(uri.toString());
      }),
      stops.onDidChange((stop) => {
        if (!stop) return;
        for (const document of vscode.workspace.textDocuments) {
          if (document.uri.scheme !== SCHEME) continue;
          this.changed.fire(document.uri);
        }
      }),
    ];
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const stop = this.stops.current;
    if (!stop) return 'The machine is running, or no session is there: memory is read at the next stop.\n';
    const { memoryReference, sizeBytes } = JSON.parse(uri.query) as MemoryRange;
    try {
      const body = (await stop.session.customRequest('readMemory', {
        memoryReference,
        count: sizeBytes,
      })) as ReadMemoryBody;
      const bytes = Buffer.from(body.data ?? '', 'base64');
      const last = this.shown.get(uri.toString());
      const before = last?.stopNumber === stop.stopNumber ? last.before : last?.bytes;
      this.shown.set(uri.toString(), { stopNumber: stop.stopNumber, bytes, before });
      // The text may be the same as before, and the colours not.
      setTimeout(() => {
        for (const editor of vscode.window.visibleTextEditors)
          if (editor.document.uri.toString() === uri.toString()) this.decorate(editor);
      }, 0);
      return hexDump(Number(body.address), bytes, sizeBytes);
    } catch (error) {
      return `${(error as Error).message}\n`;
    }
  }

  /** Beside the source, so that a step, which brings the source forward, does not hide it. */
  private async open({ title, memoryReference, sizeBytes, mark }: MemoryRange): Promise<void> {
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${title}`,
      query: JSON.stringify({ memoryReference, sizeBytes }),
    });
    if (mark) this.marks.set(uri.toString(), mark);
    else this.marks.delete(uri.toString());
    const there = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.scheme === SCHEME);
    const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
      preview: true,
      preserveFocus: true,
      viewColumn: there?.viewColumn ?? vscode.ViewColumn.Beside,
    });
    this.decorate(editor);
    if (!mark) return;
    const first = lineOfByte(mark.offset);
    const last = lineOfByte(mark.offset + mark.sizeBytes - 1);
    editor.revealRange(new vscode.Range(first, 0, last, 0), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private decorateAll(document: vscode.TextDocument): void {
    for (const editor of vscode.window.visibleTextEditors) if (editor.document === document) this.decorate(editor);
  }

  private decorate(editor: vscode.TextEditor): void {
    if (editor.document.uri.scheme !== SCHEME) return;
    const key = editor.document.uri.toString();
    const shown = this.shown.get(key);
    const mark = this.marks.get(key);
    const length = shown?.bytes.length ?? 0;
    const marked = mark ? rangesOf(mark.offset, Math.min(mark.offset + mark.sizeBytes, length)) : [];
    editor.setDecorations(this.markStyle, marked);
    const changed: vscode.Range[] = [];
    for (let at = 0; shown?.before && at < length; at++) {
      if (shown.before[at] !== shown.bytes[at]) changed.push(...rangesOf(at, at + 1));
    }
    editor.setDecorations(this.changedStyle, changed);
  }
}

/** The places of bytes `start` to `end`, in both columns. */
function rangesOf(start: number, end: number): vscode.Range[] {
  return byteColumns(start, end).map(({ line, from, to }) => new vscode.Range(line, from, line, to));
}
