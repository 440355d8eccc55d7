// Prints, for each library that verifies webhooks, whether it takes the one in the file as it was sent, and whether it takes it with one more character.
import { readFileSync } from 'node:fs';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

const { secret, headers, body } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const takes = (library, text) => {
  try {
    library.verify(text, headers);
    return true;
  } catch {
    return false;
  }
};

for (const library of [new StandardWebhook(secret), new SvixWebhook(secret)]) console.log(takes(library, body), takes(library, `${body} `));
