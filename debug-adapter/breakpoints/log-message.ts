/** Log messages: text with expressions in braces; `{{` and `}}` stand for braces. DAP, `SourceBreakpoint.logMessage`. */
export type LogPart =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'expression'; readonly text: string };

export function parseLogMessage(message: string): LogPart[] {
  const parts: LogPart[] = [];
  let text = '';
  for (let at = 0; at < message.length; at++) {
    const c = message[at]!;
    if ((c === '{' || c === '}') && message[at + 1] === c) {
      text += c;
      at++;
    } else if (c === '{') {
      const end = closingBrace(message, at + 1);
      if (end < 0) {
        text += c;
        continue;
      }
      if (text) parts.push({ kind: 'text', text });
      text = '';
      parts.push({ kind: 'expression', text: message.slice(at + 1, end) });
      at = end;
    } else {
      text += c;
    }
  }
  if (text) parts.push({ kind: 'text', text });
  return parts;
}

function closingBrace(message: string, from: number): number {
  let depth = 1;
  for (let at = from; at < message.length; at++) {
    if (message[at] === '{') depth++;
    else if (message[at] === '}' && --depth === 0) return at;
  }
  return -1;
}
