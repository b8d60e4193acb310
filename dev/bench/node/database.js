// A PostgreSQL adapter for oidc-provider: one table, prepared statements, indexes for what is looked up.
import pg from 'pg';

export const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE, max: 10 });

export const createTable = `
  CREATE TABLE IF NOT EXISTS oidc_models (
    model text NOT NULL,
    id text NOT NULL,
    payload json NOT NULL,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS oidc_models_grant ON oidc_models (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_models_user_code ON oidc_models (user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_models_uid ON oidc_models (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_models_expires ON oidc_models (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS people (id text PRIMARY KEY, email text NOT NULL);
`;

const select = 'SELECT payload, expires_at, consumed_at FROM oidc_models WHERE';
const statements = {
  upsert: `INSERT INTO oidc_models (model, id, payload, grant_id, user_code, uid, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (model, id) DO UPDATE SET payload = $3, grant_id = $4, user_code = $5, uid = $6, expires_at = $7`,
  find: `${select} model = $1 AND id = $2`,
  findByUid: `${select} model = $1 AND uid = $2`,
  findByUserCode: `${select} model = $1 AND user_code = $2`,
  consume: 'UPDATE oidc_models SET consumed_at = now() WHERE model = $1 AND id = $2 AND consumed_at IS NULL',
  destroy: 'DELETE FROM oidc_models WHERE model = $1 AND id = $2',
  revokeByGrantId: 'DELETE FROM oidc_models WHERE model = $1 AND grant_id = $2',
};

export class PostgresAdapter {
  constructor(model) {
    this.model = model;
  }

  run(name, ...values) {
    return pool.query({ name, text: statements[name], values: [this.model, ...values] });
  }

  async first(name, value) {
    const { rows: [row] } = await this.run(name, value);
    if (!row || (row.expires_at && row.expires_at <= Date.now())) return undefined;
    if (row.consumed_at) row.payload.consumed = Math.floor(row.consumed_at / 1000);
    return row.payload;
  }

  find(id) { return this.first('find', id); }

  findByUid(uid) { return this.first('findByUid', uid); }

  findByUserCode(userCode) { return this.first('findByUserCode', userCode); }

  async upsert(id, payload, expiresIn) {
    const expiresAt = expiresIn ? new Date(Date.now() + expiresIn * 1000) : null;
    const { grantId = null, userCode = null, uid = null } = payload;
    await this.run('upsert', id, JSON.stringify(payload), grantId, userCode, uid, expiresAt);
  }

  async consume(id) {
    const { rowCount } = await this.run('consume', id);
    if (rowCount !== 1) throw new Error(`${this.model} was already used`); // one winner, as in ours
  }

  async destroy(id) { await this.run('destroy', id); }

  async revokeByGrantId(grantId) { await this.run('revokeByGrantId', grantId); }
}

export async function findPerson(id) {
  const { rows: [row] } = await pool.query({ name: 'person', text: 'SELECT email FROM people WHERE id = $1', values: [id] });
  return row;
}
