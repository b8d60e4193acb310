// openid-client, as its documentation uses it. Told what to do by its arguments: a scenario, and JSON for it.
// It prints a line of JSON for each thing that a person has to do and reads a line when it is done; the last line it
// prints is what came of it. What it sent is told by `requests`: method, path and status, and the error if there was one.

import readline from 'node:readline'
import * as client from 'openid-client'

const [scenario, told] = [process.argv[2], JSON.parse(process.argv[3])]
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const requests = []

function tell(what) {
  process.stdout.write(JSON.stringify(what) + '\n')
}

async function person(does) {
  tell(does)
  return (await lines.next()).value
}

function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
}

async function watched(url, options) {
  const response = await fetch(url, options)
  const { error } = await response.clone().json().catch(() => ({}))
  requests.push([options.method, new URL(url).pathname, response.status, ...(error ? [error] : [])])
  return response
}

async function discover() {
  const authentication = told.client_secret ? client.ClientSecretBasic(told.client_secret) : client.None()
  const config = await client.discovery(new URL(told.issuer), told.client_id, undefined, authentication, {
    execute: [client.allowInsecureRequests], // loopback
    [client.customFetch]: watched,
  })
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(told.algorithm))
  return { config, DPoP }
}

function describe(tokens) {
  const { token_type, scope, access_token, refresh_token } = tokens
  return { token_type, scope, refresh_token, claims: claimsOf(access_token), id: tokens.claims() }
}

// PAR + PKCE + DPoP with nonces + code + UserInfo + an API + refresh + introspection + revocation.
async function code() {
  const { config, DPoP } = await discover()
  const [pkceCodeVerifier, expectedState, expectedNonce] = [
    client.randomPKCECodeVerifier(),
    client.randomState(),
    client.randomNonce(),
  ]
  const authorizationUrl = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: told.redirect_uri,
      scope: told.scope,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    },
    { DPoP },
  )
  const callback = await person({ sign_in: authorizationUrl.href })
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  const tokens = await client.authorizationCodeGrant(config, new URL(callback), checks, undefined, { DPoP })
  const subject = tokens.claims().sub
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, subject, { DPoP })
  const api = new URL(told.api)
  const notes = await client.fetchProtectedResource(config, tokens.access_token, api, 'GET', undefined, undefined, {
    DPoP,
  })
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
  const again = await client.fetchUserInfo(config, refreshed.access_token, subject, { DPoP })
  const introspection = told.client_secret && (await client.tokenIntrospection(config, refreshed.access_token))
  await client.tokenRevocation(config, refreshed.refresh_token)
  const afterwards = told.client_secret && (await client.tokenIntrospection(config, refreshed.access_token))
  const refused = await client.refreshTokenGrant(config, refreshed.refresh_token, undefined, { DPoP }).catch((e) => e)
  return {
    pushed: [...authorizationUrl.searchParams.keys()],
    tokens: describe(tokens),
    refreshed: describe(refreshed),
    userinfo,
    again,
    notes: [notes.status, await notes.json()],
    introspection,
    afterwards,
    refused: refused.error,
    thumbprint: await DPoP.calculateThumbprint(),
  }
}

// The device grant, with DPoP where the library brings it: at the token endpoint.
async function device() {
  const { config, DPoP } = await discover()
  const asked = await client.initiateDeviceAuthorization(config, { scope: told.scope })
  const heading = await person({ approve: asked.verification_uri_complete, user_code: asked.user_code })
  const tokens = await client.pollDeviceAuthorizationGrant(config, asked, undefined, { DPoP })
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
  return { heading, tokens: describe(tokens), refreshed: describe(refreshed), userinfo, asked }
}

try {
  tell({ ...(await { code, device }[scenario]()), requests })
} catch (error) {
  tell({ failed: String(error), error: error.error, description: error.error_description, requests })
}
process.exit()
