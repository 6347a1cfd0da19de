// A certified OpenID provider on loopback: people sign in under any name of PEOPLE, without a password.
// Started by tests/integration/test_oidc.py with the port, our callback and the people as arguments.
import { Provider } from "oidc-provider";

const [port, callback, people] = process.argv.slice(2);
const known = JSON.parse(people);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "gridatlas",
      client_secret: "a secret: of the tests",
      redirect_uris: [callback],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], groups: ["groups"] },
  scopes: ["openid", "profile", "groups"],
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_ctx, id) =>
    known[id] && { accountId: id, claims: () => ({ sub: id, ...known[id] }) },
});
provider.listen(Number(port), "127.0.0.1", () => console.log(`ready ${issuer}`));
