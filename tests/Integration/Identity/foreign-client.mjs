// Runs one flow against an authority, as a client that knows its address alone: node foreign-client.mjs FLOW ISSUER EMAIL PASSWORD KEY REDIRECT. Ends with "passed".
import assert from 'node:assert/strict'

const oauth = await import(process.env.OAUTH)
const [flow, issuer, email, password, key, redirect] = process.argv.slice(2)
const insecure = { [oauth.allowInsecureRequests]: true }
const origin = new URL(issuer)

const as = await oauth.processDiscoveryResponse(origin, await oauth.discoveryRequest(origin, insecure))

// A browser without JavaScript: cookies, forms, and redirects as far as the authority.
const cookies = new Map()
async function visit(address, fields) {
    const form = fields && new URLSearchParams(fields)
    const response = await fetch(new URL(address, issuer), {
        method: form ? 'POST' : 'GET', body: form, redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const cookie of response.headers.getSetCookie()) {
        const [name, ...value] = cookie.split(';')[0].split('=')
        cookies.set(name, value.join('='))
    }
    const location = response.headers.get('location')
    if (location && new URL(location, issuer).origin === origin.origin) return visit(location)
    return { address, location, status: response.status, page: await response.text() }
}

function decode(text) {
    return text.replaceAll('&#x2B;', '+').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

function submit(at, answer) {
    const hidden = [...at.page.matchAll(/<input [^>]*>/g)].map(([tag]) => [/name="([^"]*)"/.exec(tag)?.[1], decode(/value="([^"]*)"/.exec(tag)?.[1] ?? ''), tag])
        .filter(([, , tag]) => tag.includes('type="hidden"')).map(([name, value]) => [name, value])
    return visit(new URL(at.address, issuer).pathname, [...hidden, ...Object.entries(answer)])
}

async function logIn(address) {
    const page = await visit(address)
    assert.match(page.page, /Log in/)
    return submit(page, { email, password })
}

// As a service checks a token that it is called with.
async function check(token, scope) {
    const request = new Request('http://service.example/', { headers: { authorization: `Bearer ${token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, 'microservices', insecure)
    assert.equal(claims.scope.split(' ').includes(scope), true)
    assert.ok(token.length <= 900, `${token.length} bytes: ${JSON.stringify(claims)}`)
    return claims
}

async function refresh(client, first) {
    const tokens = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.None(), first.refresh_token, insecure))
    assert.notEqual(tokens.refresh_token, first.refresh_token)
    await check(tokens.access_token, 'orders.read')
}

const flows = {
    async code() {
        const client = { client_id: 'shop' }
        const verifier = oauth.generateRandomCodeVerifier()
        const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
        const authorize = new URL(as.authorization_endpoint)
        authorize.search = new URLSearchParams({
            client_id: client.client_id, response_type: 'code', redirect_uri: redirect, scope: 'openid offline_access orders.read', state, nonce,
            code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
        })
        assert.deepEqual(as.code_challenge_methods_supported, ['S256'])
        assert.equal(as.authorization_response_iss_parameter_supported, true)
        const consent = await logIn(authorize.href)
        assert.match(consent.page, /Let shop in/)
        const back = new URL((await submit({ ...consent, address: '/connect/authorize' }, { answer: 'yes' })).location)
        const parameters = oauth.validateAuthResponse(as, client, back, state)
        const response = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirect, verifier, insecure)
        const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
        const claims = await check(tokens.access_token, 'orders.read')
        assert.equal(oauth.getValidatedIdTokenClaims(tokens).sub, claims.sub)
        assert.deepEqual(claims.roles, ['user'])
        await refresh(client, tokens)
    },

    async device() {
        const client = { client_id: 'cli' }
        const device = await oauth.processDeviceAuthorizationResponse(as, client,
            await oauth.deviceAuthorizationRequest(as, client, oauth.None(), { scope: 'openid offline_access orders.read' }, insecure))
        const poll = () => oauth.deviceCodeGrantRequest(as, client, oauth.None(), device.device_code, insecure)
        await assert.rejects(async () => oauth.processDeviceCodeResponse(as, client, await poll()), error => error.error === 'authorization_pending')
        const page = await logIn(device.verification_uri_complete)
        assert.match(page.page, new RegExp(device.user_code))
        const done = await submit({ ...page, address: '/connect/verify' }, { answer: 'yes' })
        assert.match(done.page, /Done/)
        const tokens = await oauth.processDeviceCodeResponse(as, client, await poll())
        await check(tokens.access_token, 'orders.read')
        await refresh(client, tokens)
    },

    async credentials() {
        const client = { client_id: 'worker' }
        const privateKey = await crypto.subtle.importKey('pkcs8', Buffer.from(key, 'base64url'), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
        const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.PrivateKeyJwt({ key: privateKey, kid: 'worker' }, { [oauth.modifyAssertion](header) { header.typ = 'client-authentication+jwt' } }), { scope: 'orders.read' }, insecure)
        const tokens = await oauth.processClientCredentialsResponse(as, client, response)
        const claims = await check(tokens.access_token, 'orders.read')
        assert.equal(claims.sub, 'worker')
        assert.equal(claims.roles, undefined)
    },
}

await flows[flow]()
console.log('passed')
