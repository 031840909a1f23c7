/**
 * What the side-bar views share: a tree that is read anew at each stop and for each selected thread, one read at a time.
 */
import * as vscode from 'vscode';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';

export interface TreeNode {
  /** Stable over stops, so that the tree keeps what is open. */
  readonly id: string;
  readonly label: string;
  readonly description?: string | undefined;
  readonly tooltip?: string | undefined;
  readonly icon?: string | undefined;
  /** Differs from what the last stop showed. */
  readonly changed?: boolean;
  readonly expanded?: boolean;
  readonly command?: vscode.Command | undefined;
  readonly contextValue?: string;
  readonly children?: readonly TreeNode[] | undefined;
}

const CHANGED_COLOR = new vscode.ThemeColor('ringside.changedForeground');

export abstract class StopView implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<TreeNode>;
  private readonly stops: StopTracker;
  private readonly subscription: vscode.Disposable;

  constructor(viewId: string, stops: StopTracker) {
    this.stops = stops;
    this.view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
    this.subscription = stops.onDidChange(() => this.changed.fire());
  }

  /** What stands there when there is nothing to show. */
  protected readonly nothing: string = '';

  /** Reads what the view shows. Errors become the view's message. */
  protected abstract read(stop: ShownStop): Promise<readonly TreeNode[]>;

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) return [...(node.children ?? [])];
    const stop = this.stops.current;
    if (!stop) {
      this.say('Shown when the machine stops.');
      return [];
    }
    try {
      const nodes = await this.read(stop);
      this.say(nodes.length > 0 ? undefined : this.nothing);
      return [...nodes];
    } catch (error) {
      this.say((error as Error).message);
      return [];
    }
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const state = !node.children?.length
      ? vscode.TreeItemCollapsibleState.None
      : node.expanded
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.Collapsed;
    const item = new vscode.TreeItem(node.label, state);
    item.id = node.id;
    if (node.description !== undefined) item.description = node.description;
    if (node.tooltip !== undefined) item.tooltip = node.tooltip;
    const icon = node.changed ? (node.icon ?? 'circle-filled') : node.icon;
    if (icon !== undefined)
      item.iconPath = node.changed ? new vscode.ThemeIcon(icon, CHANGED_COLOR) : new vscode.ThemeIcon(icon);
    if (node.command) item.command = node.command;
    if (node.contextValue !== undefined) item.contextValue = node.contextValue;
    item.accessibilityInformation = {
      label: `${node.label} ${node.description ?? ''}${node.changed ? ', changed' : ''}`,
    };
    return item;
  }

  dispose(): void {
    this.subscription.dispose();
    this.view.dispose();
    this.changed.dispose();
  }

  private say(message: string | undefined): void {
    // The type leaves `undefined` out, the API takes it to clear the message.
    (this.view as { message: string | undefined }).message = message;
  }
}

/**
 * Remembers one signature a key for two stops, to tell what changed from one to the next.
 * Looking twice at the same stop changes nothing.
 */
export class ChangeMarks {
  private before = new Map<string, string>();
  private now = new Map<string, string>();
  private stopNumber = 0;
  private subject = '';

  /** @param subject what is shown (a session's thread): another one starts over without marks */
  begin(subject: string, stopNumber: number): void {
    if (subject !== this.subject) {
      this.subject = subject;
      this.before = new Map();
      this.now = new Map();
    } else if (stopNumber !== this.stopNumber) {
      this.before = this.now;
      this.now = new Map();
    }
    this.stopNumber = stopNumber;
  }

  changed(key: string, signature: string): boolean {
    this.now.set(key, signature);
    return this.before.size > 0 && this.before.get(key) !== signature;
  }
}

export const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

export function sizeText(bytes: number): string {
  if (bytes >= 1 << 20 && bytes % (1 << 20) === 0) return `${bytes >> 20} MiB`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes >> 10} KiB` : `${bytes} B`;
}

/** `1 page`, `2 pages` */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
