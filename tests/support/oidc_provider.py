"""An OpenID provider, in a process of its own, that can be told to misbehave.

``python oidc_provider.py CLIENT SECRET [CERTIFICATE KEY]`` serves on a free port of 127.0.0.1 and
prints its issuer. ``POST /control`` sets ``mode`` (a name in the code below),
``user`` and ``claims``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import ssl
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

PASSWORD = "a person's own password"
FORM = (
    '<form method="post" action="/login"><input type="hidden" name="request" value="{}">'
    '<input name="user"><input name="password" type="password"></form>'
)


warnings.simplefilter("ignore")  # the library warns of the weak key that it is here for
WEAK = RSAKey.generate_key(1024)


Moods = dict[str, dict[str, Any]]


class Provider:
    """Its keys, codes and mood."""

    def __init__(self, client: str, secret: str) -> None:
        self.client, self.secret = client, secret
        self.issuer = ""
        self.number = 0
        self.requests: dict[str, Mapping[str, str]] = {}
        self.codes: dict[str, Mapping[str, str]] = {}
        self.asked: dict[str, int] = {}
        self.seen: list[str] = []
        self.rotate()
        self.reset({})

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish only that."""
        self.number += 1
        self.key = ECKey.generate_key("P-256", {"kid": f"key-{self.number}", "use": "sig"})

    def reset(self, wishes: Mapping[str, Any]) -> None:
        self.mode = str(wishes.get("mode", "well"))
        self.user = str(wishes.get("user", "subject-of-anna"))
        self.claims: dict[str, Any] = dict(wishes.get("claims", {}))
        if wishes.get("rotate"):
            self.rotate()

    # -- what it says of itself

    async def discovery(self, _request: web.Request) -> web.StreamResponse:
        self._count("discovery")
        document: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        document_of: Moods = {
            "discovery-of-another": {"issuer": "https://other.example.org"},
            "foreign-token-endpoint": {"token_endpoint": "https://evil.example.org/token"},
            "foreign-keys": {"jwks_uri": "https://evil.example.org/keys"},
            "plain-http-endpoint": {"token_endpoint": "http://192.0.2.1/token"},
            "no-pkce": {"code_challenge_methods_supported": ["plain"]},
            "no-code-flow": {"response_types_supported": ["id_token"]},
            "endpoint-missing": {"jwks_uri": None},
            "secret-in-body": {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
        }
        document |= document_of.get(self.mode, {})
        return web.json_response(document)

    async def keys(self, _request: web.Request) -> web.StreamResponse:
        self._count("keys")
        key = dict(self.key.as_dict(private=False))
        published: dict[str, list[Any]] = {
            "no-keys": [],
            "hmac-key-published": [
                {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")}
            ],
            "private-key-published": [self.key.as_dict(private=True)],
            "weak-rsa": [dict(WEAK.as_dict(private=False), kid="weak")],
            "encryption-key": [dict(key, use="enc")],
            "many-keys": [key] * 1000,
            "with-rubbish": [17, {"kty": "later"}, {"kty": "EC", "crv": "P-256"}, key],
            "same-kid-twice": [key, dict(ECKey.generate_key("P-256").as_dict(), kid=key["kid"])],
        }
        if self.mode == "huge-keys":
            return web.Response(text=json.dumps({"keys": [], "pad": "x" * 1_000_000}))
        return web.json_response({"keys": published.get(self.mode, [key])})

    # -- where a person's browser comes

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        wanted = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce")
        if any(not query.get(name) for name in wanted) or query["client_id"] != self.client:
            return web.Response(status=400, text="not a request of ours")
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return web.Response(status=400, text="PKCE is asked for")
        ticket = secrets.token_urlsafe(16)
        self.requests[ticket] = dict(query)
        return web.Response(text=FORM.format(ticket), content_type="text/html")

    async def login(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        asked = self.requests.pop(str(form.get("request")), None)
        if asked is None or form.get("password") != PASSWORD:
            return web.Response(status=403, text="no")
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        answer: dict[str, str] = {"code": code, "state": asked["state"], "iss": self.issuer}
        answer |= {
            "mixed-up-issuer": {"iss": "https://other.example.org"},
            "wrong-state": {"state": secrets.token_urlsafe(32)},
            "denied": {"error": "access_denied"},
            "forged-code": {"code": "somebody-else's"},
            "endless-code": {"code": "x" * 3000},
        }.get(self.mode, {})
        if self.mode == "no-issuer":
            del answer["iss"]
        if self.mode in {"denied", "no-code"}:
            del answer["code"]
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    # -- where we come

    async def token(self, request: web.Request) -> web.StreamResponse:
        self._count("token")
        form = await request.post()
        self.seen.append("basic" if "Authorization" in request.headers else "body")
        # A provider that takes codes twice: what keeps a replay out must be on our side.
        again = self.mode == "codes-twice"
        code = str(form.get("code"))
        asked = self.codes.get(code) if again else self.codes.pop(code, None)
        if self.mode == "redirects":
            raise web.HTTPTemporaryRedirect("/elsewhere")
        if self.mode == "hangs":
            await asyncio.sleep(30)
        if self.mode == "not-json":
            return web.Response(text="<html>")
        if self.mode == "not-an-object":
            return web.json_response([1])
        if asked is None or not self._is_ours(request, form) or not _fits(asked, form):
            return web.json_response({"error": "invalid_grant"}, status=400)
        body = {"access_token": "opaque", "token_type": "Bearer", "id_token": self._id_token(asked)}
        if self.mode == "no-id-token":
            del body["id_token"]
        return web.json_response(body)

    async def control(self, request: web.Request) -> web.StreamResponse:
        self.reset(await request.json())
        return web.json_response({"asked": self.asked, "seen": self.seen})

    def _is_ours(self, request: web.Request, form: Mapping[str, Any]) -> bool:
        pair = f"{quote_plus(self.client)}:{quote_plus(self.secret)}"
        pair = base64.b64encode(pair.encode()).decode()
        basic = request.headers.get("Authorization") == f"Basic {pair}"
        return basic or (form.get("client_secret") == self.secret)

    def _count(self, what: str) -> None:
        self.asked[what] = self.asked.get(what, 0) + 1

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": self.user, "aud": self.client, "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, "auth_time": now, **self.claims,
        }  # fmt: skip
        claims_of: Moods = {
            "wrong-nonce": {"nonce": secrets.token_urlsafe(32)},
            "nonce-of-a-number": {"nonce": 7},
            "wrong-audience": {"aud": "another-client"},
            "further-audience": {"aud": [self.client, "another-client"], "azp": self.client},
            "wrong-party": {"azp": "another-client"},
            "wrong-issuer": {"iss": "https://other.example.org"},
            "expired": {"exp": now - 120},
            "never-expires": {"exp": float("nan")},
            "not-yet": {"nbf": now + 300},
            "from-the-future": {"iat": now + 300},
            "long-ago": {"iat": now - 4000},
            "subject-empty": {"sub": ""},
            "subject-of-a-number": {"sub": 7},
            "subject-endless": {"sub": "x" * 300},
            "subject-with-newline": {"sub": "a\nb"},
            "skewed-a-little": {"iat": now + 30, "exp": now - 30},
        }
        claims |= claims_of.get(self.mode, {})
        for name in ("nonce", "sub", "exp", "iat", "aud"):
            if self.mode == f"without-{name}":
                del claims[name]
        return self._sign(claims)

    def _sign(self, claims: Mapping[str, Any]) -> str:
        forged = self._forged(json.dumps(claims))
        if forged:
            return forged
        header: dict[str, Any] = {"alg": "ES256", "kid": self.key.kid}
        signer = self.key
        if self.mode in {"another-key", "key-in-the-header"}:
            signer = ECKey.generate_key("P-256", {"kid": str(self.key.kid)})
        header_of: Moods = {
            "another-type": {"typ": "at+jwt"},
            "critical-header": {"crit": ["later"], "later": 1},
            "key-in-the-header": {"jwk": signer.as_dict(private=False)},
            "unknown-key": {"kid": "nowhere"},
        }
        header |= header_of.get(self.mode, {})
        if self.mode in {"no-key-id", "key-in-the-header"}:
            del header["kid"]
        padded = {**claims, "pad": "x" * 60_000} if self.mode == "endless-token" else claims
        token = _sign(header, json.dumps(padded), signer, "ES256")
        head, body, signature = token.split(".")
        if self.mode == "changed-afterwards":
            text = base64.urlsafe_b64decode(body + "==").replace(b"subject-of", b"SUBJECT-of")
            return f"{head}.{_b64(text.decode())}.{signature}"
        return f"{head}.{body}." if self.mode == "no-signature" else token

    def _forged(self, text: str) -> str:
        """A token by another algorithm than the key's, or ""."""
        kid = self.key.kid
        if self.mode == "alg-none":
            return f"{_b64(json.dumps({'alg': 'none', 'kid': kid}))}.{_b64(text)}."
        if self.mode == "weak-rsa":
            return _sign({"alg": "RS256", "kid": "weak"}, text, WEAK, "RS256")
        secret = {
            "hmac-with-the-public-key": self.key.as_pem(private=False),
            "hmac-with-our-secret": self.secret.encode(),
            "hmac-key-published": b"k" * 32,
        }.get(self.mode)
        return _hmac({"alg": "HS256", "kid": kid}, text, secret) if secret else ""


class _Anything(jws.JWSRegistry):
    """Signs whatever header it is given."""

    max_header_length = 4096

    def check_header(self, header: dict[str, Any]) -> None:
        pass


def _sign(header: dict[str, Any], text: str, key: Any, algorithm: str) -> str:  # noqa: ANN401 - any of the library's keys
    registry = _Anything(algorithms=[algorithm], strict_check_header=False)
    return str(jws.serialize_compact(header, text, key, [algorithm], registry))


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _fits(asked: Mapping[str, str], form: Mapping[str, Any]) -> bool:
    hashed = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
    return (
        challenge == asked["code_challenge"] and form.get("redirect_uri") == asked["redirect_uri"]
    )


def _hmac(header: Mapping[str, Any], text: str, secret: bytes) -> str:
    signed = f"{_b64(json.dumps(header))}.{_b64(text)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


async def main(client: str, secret: str, *tls: str) -> None:
    provider = Provider(client, secret)
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discovery)
    app.router.add_get("/keys", provider.keys)
    app.router.add_get("/authorize", provider.authorize)
    app.router.add_post("/login", provider.login)
    app.router.add_post("/token", provider.token)
    app.router.add_post("/control", provider.control)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    provider.issuer = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    sys.stdout.write(provider.issuer + "\n")
    sys.stdout.flush()
    # It goes when whoever started it does: its standard input is their end of a pipe.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
