"""A relay for tests: takes mails by SMTP and writes each as a line of JSON.

The first argument is JSON:
- ``tls``: ``none``, ``starttls`` or ``tls``, with the files ``certificate`` and ``key``;
- ``user`` and ``password``, if one has to log in;
- ``stuck``: whether it says nothing to QUIT;
- ``recipients``: by address what RCPT is answered the first times; ``data``: what the mail is answered the first times.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

options = json.loads(sys.argv[1])


def say(it):
    print(json.dumps(it), flush=True)


def parts(message):
    for part in message.walk():
        if part.is_multipart():
            yield {"type": part.get_content_type()}
        else:
            yield {
                "type": part.get_content_type(),
                "name": part.get_filename(),
                "text": part.get_payload(decode=True).decode(),
            }


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        answers = options.get("recipients", {}).get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):
        if options.get("stuck"):
            await asyncio.Event().wait()
        return "221 Bye"

    async def handle_DATA(self, server, session, envelope):
        if options.get("data"):
            return options["data"].pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "parts": list(parts(message)),
            "encrypted": session.ssl is not None or options.get("tls") == "tls",
            "user": (session.auth_data or "") and session.auth_data.decode(),
            "longest": max(map(len, envelope.content.split(b"\r\n"))),
        })
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
    fits = given == (options["user"], options["password"])
    return AuthResult(success=fits, handled=False, auth_data=data.login)


async def main():
    tls = options.get("tls", "none")
    context = None
    if tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options["certificate"], options["key"])
    login = "user" in options

    def server():
        return SMTP(
            Handler(),
            hostname="relay.example.org",
            enable_SMTPUTF8=True,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=authenticate if login else None,
            auth_required=login,
            auth_require_tls=tls == "starttls",
        )

    loop = asyncio.get_running_loop()
    socket = await loop.create_server(server, "127.0.0.1", 0, ssl=context if tls == "tls" else None)
    say({"port": socket.sockets[0].getsockname()[1]})
    await socket.serve_forever()


asyncio.run(main())
