// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';

/** Of the comment line that keeps a quiet stream known. */
const BEAT_MS = 10_000;

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  /** One line. */
  readonly data: () => string;
}

export interface EventStream {
  /** The reader has not taken what was sent: of what is sent now they get the last one only, once there is room. */
  readonly behind: boolean;
  send(event: StreamEvent): void;
  end(): void;
}

const format = ({ event, id, data }: StreamEvent): string => `event: ${event}\nid: ${id}\ndata: ${data()}\n\n`;

/**
 * Server-sent events (HTML, section 9.2) on an answer that nothing else writes to.
 * @param closed is called once, whoever ended it
 */
export function openEventStream(response: ServerResponse, closed: () => void): EventStream {
  let waiting: StreamEvent | null = null;
  const write = (event: StreamEvent): void => void response.write(format(event));
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': \n\n');
  }, BEAT_MS);
  response.on('drain', () => {
    if (waiting === null) return;
    const event = waiting;
    waiting = null;
    write(event);
  });
  response.once('close', () => {
    clearInterval(beat);
    closed();
  });
  response.on('error', () => {});
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
  return {
    get behind() {
      return response.writableNeedDrain;
    },
    send(event) {
      if (response.writableNeedDrain) waiting = event;
      else write(event);
    },
    end: () => void response.end(),
  };
}
