// Prints an access token for a client with a key: node token.mjs ISSUER CLIENT KEY.pem SCOPES [KID]
import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [issuer, client, keyFile, scope, kid = client] = process.argv.slice(2)
if (!scope) {
    console.error('node token.mjs ISSUER CLIENT KEY.pem SCOPES [KID], such as http://localhost:8080 reports reports.pem "orders.read users.read"')
    process.exit(2)
}

const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = Math.floor(Date.now() / 1000)
const assertion = part({ alg: 'ES256', typ: 'client-authentication+jwt', kid }) + '.'
    + part({ iss: client, sub: client, aud: new URL(issuer).href, iat: now, exp: now + 60, jti: randomUUID() })
const signature = sign('sha256', Buffer.from(assertion), { key: createPrivateKey(readFileSync(keyFile)), dsaEncoding: 'ieee-p1363' })
const answer = await fetch(new URL('/connect/token', issuer), {
    method: 'POST',
    body: new URLSearchParams({
        grant_type: 'client_credentials', client_id: client, scope,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: `${assertion}.${signature.toString('base64url')}`,
    }),
})
const token = await answer.json()
if (!answer.ok) {
    console.error(`${token.error}: ${token.error_description}`)
    process.exit(1)
}
console.log(token.access_token)
