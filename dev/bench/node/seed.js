// Make the client, then grants with a code and an opaque access token each, through the provider's own models.
// Reads the number wanted from the arguments; writes JSON.
import { createTable, PostgresAdapter, pool } from './database.js';
import { bench, client, provider } from './provider.js';

const scope = bench.scope;

async function makeGrant(client, number) {
  const accountId = `person-${number % bench.people}`;
  const grant = new provider.Grant({ clientId: client.clientId, accountId });
  grant.addOIDCScope(scope);
  grant.addResourceScope(bench.audience, bench.api_scope);
  const grantId = await grant.save();
  const authorization = { accountId, client, grantId, scope, authTime: Math.floor(Date.now() / 1000) };
  const code = new provider.AuthorizationCode({
    ...authorization,
    redirectUri: bench.redirect_uri,
    codeChallenge: bench.code_challenge,
    codeChallengeMethod: 'S256',
    nonce: `nonce-${number}`,
    resource: bench.audience,
  });
  return { code: await code.save(), grantId, accountId };
}

// UserInfo takes no token that is meant for an API: here it is an opaque one, found in the database.
function makeAccessToken(client, { grantId, accountId }) {
  return new provider.AccessToken({
    accountId, client, grantId, scope: 'openid email', gty: 'authorization_code',
  }).save();
}

async function makeMany(wanted, make) {
  const made = [];
  const worker = async (first) => {
    for (let number = first; number < wanted; number += 8) made.push(await make(number));
  };
  await Promise.all(Array.from({ length: 8 }, (_, first) => worker(first)));
  return made;
}

await pool.query(createTable);
await pool.query(
  "INSERT INTO people SELECT 'person-' || n, 'person-' || n || '@example.com' FROM generate_series(0, $1 - 1) n",
  [bench.people],
);
await new PostgresAdapter('Client').upsert(client.client_id, client);
const registered = await provider.Client.find(client.client_id);
const grants = await makeMany(Number(process.argv[2]), (number) => makeGrant(registered, number));
const tokens = await makeMany(Math.min(grants.length, 1000), (number) => makeAccessToken(registered, grants[number]));
console.log(JSON.stringify({
  client_secret: bench.client_secret,
  codes: grants.map(({ code }) => code),
  access_tokens: tokens,
}));
await pool.end();
