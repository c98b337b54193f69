// SPDX-License-Identifier: Apache-2.0

/** One event of a stream of server-sent events (WHATWG HTML, section 9.2). */
export interface ServerEvent {
  /** `message` where the stream does not say. */
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

export class StreamTooLong extends Error {
  override readonly name = 'StreamTooLong';
}

export interface EventParser {
  /** The events that this piece completes. @throws StreamTooLong */
  push(chunk: Uint8Array): ServerEvent[];
  /** The beginning of an event is there and its end is not. */
  readonly pending: boolean;
}

/** @param maxBytes of one event */
export function createEventParser(maxBytes: number): EventParser {
  const decoder = new TextDecoder();
  /** Pieces of the line that has no end yet. */
  let line: string[] = [];
  let size = 0;
  let event = '';
  let id = '';
  let data: string[] = [];

  function take(text: string, events: ServerEvent[]): void {
    if (text === '') {
      if (data.length > 0) events.push({ event: event || 'message', id, data: data.join('\n') });
      event = '';
      data = [];
      size = 0;
      return;
    }
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
  }

  return {
    push(chunk) {
      const events: ServerEvent[] = [];
      size += chunk.length;
      // The pieces are split at LF; a CR before it belongs to the end of the line. Lines that end in CR alone are not read.
      const parts = decoder.decode(chunk, { stream: true }).split('\n');
      for (const [i, part] of parts.entries()) {
        line.push(part);
        if (i === parts.length - 1) break;
        take(line.join('').replace(/\r$/, ''), events);
        line = [];
      }
      if (line.length === 1 && line[0] === '') line = [];
      if (size > maxBytes) throw new StreamTooLong(`an event has more than ${maxBytes} bytes`);
      return events;
    },
    get pending() {
      return line.length > 0 || data.length > 0;
    },
  };
}
