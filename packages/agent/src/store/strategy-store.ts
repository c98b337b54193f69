// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AgentError } from '../agent-error.ts';
import { syncFolder } from '../state/private-file.ts';
import type { PlainStrategy, StrategyRecord } from '../strategies/record.ts';

/** Of the tables below. A store of a later one is refused, not guessed at. */
const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE strategies (
  id TEXT PRIMARY KEY, position INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE used_assertions (
  client TEXT NOT NULL, jti TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (client, jti)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};`;

const SQLITE_BUSY = 5;

/** The change from one list to another. */
export interface StoreChange {
  /** Ids. */
  readonly removed: readonly string[];
  /** New ones, and those that are different. */
  readonly written: readonly StrategyRecord[];
}

/**
 * Strategies on disk. A change that came back without an error is there after a loss of power: the log of SQLite (WAL) is
 * synced at each commit (synchronous=FULL), and its name in the folder when it is made. In the rollback mode the last
 * commit could be taken back, because removing the journal is not synced there.
 *
 * One process holds it at a time (locking_mode=EXCLUSIVE), so whoever has it open is the only agent of the folder.
 */
export class StrategyStore {
  readonly #database: DatabaseSync;
  readonly #write: StatementSync;
  readonly #remove: StatementSync;
  readonly #useOnce: StatementSync;
  readonly #forget: StatementSync;

  /** @throws AgentError when it is in use, damaged, or of a later version */
  static open(path: string): StrategyStore {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      // Takes the lock, which later reads would take anyway.
      database.exec('BEGIN IMMEDIATE');
      const version = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0]);
      if (version > SCHEMA_VERSION) {
        throw new AgentError(`${path} was written by a later version of gthulhu; start that one, or remove the file`);
      }
      if (version === 0) database.exec(TABLES);
      database.exec('COMMIT');
      const found = Object.values(database.prepare('PRAGMA quick_check').get() ?? {})[0];
      if (found !== 'ok') throw new AgentError(`${path} is damaged (${String(found)}); put back a copy, or remove it`);
      syncFolder(dirname(path));
      return new StrategyStore(database);
    } catch (cause) {
      database?.close();
      if (cause instanceof AgentError) throw cause;
      const { errcode, message } = cause as Error & { errcode?: number };
      if (errcode === SQLITE_BUSY) {
        throw new AgentError(`another gthulhu agent uses ${dirname(path)}; stop it first, or set agent.stateFolder`, {
          cause,
        });
      }
      throw new AgentError(`the store ${path} cannot be opened: ${message}; put back a copy, or remove it`, { cause });
    }
  }

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#write = database.prepare(
      'INSERT OR REPLACE INTO strategies (id, position, created_ms, updated_ms, body) VALUES (?, ?, ?, ?, ?)',
    );
    this.#remove = database.prepare('DELETE FROM strategies WHERE id = ?');
    this.#useOnce = database.prepare('INSERT OR IGNORE INTO used_assertions (client, jti, until) VALUES (?, ?, ?)');
    this.#forget = database.prepare('DELETE FROM used_assertions WHERE until < ?');
  }

  /** In their order. */
  load(): StrategyRecord[] {
    return this.#database
      .prepare('SELECT id, position, created_ms, updated_ms, body FROM strategies ORDER BY position')
      .all()
      .map((row) => ({
        id: row.id as string,
        origin: 'node',
        position: row.position as number,
        createdMs: row.created_ms as number,
        updatedMs: row.updated_ms as number,
        strategy: JSON.parse(row.body as string) as PlainStrategy,
      }));
  }

  /** All of it or none of it; on disk when it returns. @throws Error, and nothing has changed */
  apply({ removed, written }: StoreChange): void {
    this.#transaction(() => {
      for (const id of removed) this.#remove.run(id);
      for (const { id, position, createdMs, updatedMs, strategy } of written) {
        this.#write.run(id, position, createdMs, updatedMs, JSON.stringify(strategy));
      }
    });
  }

  /**
   * Remembers the id of an assertion until it would be refused for its age, also over a restart.
   * @param until seconds since 1970
   * @param nowSeconds since 1970
   * @returns false when it is remembered already
   */
  useAssertion(client: string, jti: string, until: number, nowSeconds: number): boolean {
    return this.#transaction(() => {
      this.#forget.run(Math.floor(nowSeconds));
      return this.#useOnce.run(client, jti, Math.ceil(until)).changes === 1;
    });
  }

  close(): void {
    this.#database.close();
  }

  #transaction<T>(act: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // A failed COMMIT may have ended the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
