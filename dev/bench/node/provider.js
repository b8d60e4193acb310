// The provider that is measured: the same client, scopes, token format and rotation as ours.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

import { findPerson, PostgresAdapter } from './database.js';

export const bench = JSON.parse(process.env.BENCH_PARTIES);

const day = 24 * 60 * 60;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const api = {
  scope: bench.api_scope,
  audience: bench.audience,
  accessTokenTTL: 600,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'ES256' } },
};

export const client = {
  client_id: bench.client_id,
  client_secret: bench.client_secret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  redirect_uris: [bench.redirect_uri],
  response_types: ['code'],
};

export const provider = new Provider(bench.issuer, {
  adapter: PostgresAdapter,
  clients: bench.in_memory ? [client] : [],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  scopes: ['openid', 'email', 'offline_access', bench.api_scope],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client, oneOf) => oneOf ?? bench.audience,
      useGrantedResource: () => true, // a JWT access token from the code and from each refresh
      getResourceServerInfo: () => api,
    },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AuthorizationCode: 3600, AccessToken: 3600, ClientCredentials: 600, RefreshToken: day, Grant: day, IdToken: 600 },
  async findAccount(ctx, sub) {
    const person = bench.in_memory ? { email: `${sub}@example.com` } : await findPerson(sub);
    return person && { accountId: sub, claims: () => ({ sub, email: person.email, email_verified: false }) };
  },
});
