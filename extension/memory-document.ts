/** Guest memory as a read-only document: one click from a view, read again at each stop. */
import * as vscode from 'vscode';
import type { StopTracker } from './stop-tracker.ts';

const SCHEME = 'ringside-memory';
export const SHOW_MEMORY_COMMAND = 'ringside.showMemory';
const BYTES_PER_LINE = 16;

interface MemoryRange {
  readonly memoryReference: string;
  readonly sizeBytes: number;
}

interface ReadMemoryBody {
  readonly address: string;
  readonly data?: string;
}

export class MemoryDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly stops: StopTracker;
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly disposables: readonly { dispose(): unknown }[];

  constructor(stops: StopTracker) {
    this.stops = stops;
    this.disposables = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.commands.registerCommand(SHOW_MEMORY_COMMAND, (range: MemoryRange) => this.open(range)),
      stops.onDidChange((stop) => {
        if (!stop) return;
        for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === SCHEME) this.changed.fire(uri);
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
      return hexDump(Number(body.address), Buffer.from(body.data ?? '', 'base64'), sizeBytes);
    } catch (error) {
      return `${(error as Error).message}\n`;
    }
  }

  private async open(range: MemoryRange): Promise<void> {
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${range.memoryReference.replaceAll(':', ' ')}.hex`,
      query: JSON.stringify({ memoryReference: range.memoryReference, sizeBytes: range.sizeBytes }),
    });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
  }
}

/** Address, sixteen bytes, their ASCII. */
export function hexDump(address: number, bytes: Uint8Array, sizeBytes: number): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const row = [...bytes.subarray(at, at + BYTES_PER_LINE)];
    const hex = row.map((b, i) => (i === 8 ? ' ' : '') + b.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${(address + at).toString(16).padStart(8, '0')}  ${hex.padEnd(BYTES_PER_LINE * 3)}  |${text}|`);
  }
  if (bytes.length < sizeBytes) lines.push(`${(address + bytes.length).toString(16).padStart(8, '0')}  (not mapped)`);
  return lines.join('\n') + '\n';
}
