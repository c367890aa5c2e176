"""Sends mail through a server that the owner of the installation names (SMTP)."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from missioncontrol.ports.console_settings import Mail
from missioncontrol.ports.deliveries import Answered

SECONDS_MAX = 10.0


class SmtpMailer:
    """Sends each message over a connection of its own."""

    def __init__(self, settings: Mail, secret: Callable[[str], str]) -> None:
        """`secret` returns the password of the account by its name, at each message."""
        self._settings = settings
        self._secret = secret

    async def send(self, to: str, subject: str, text: str) -> Answered:
        try:
            await asyncio.to_thread(self._send, to, subject, text)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # What the server answers may name the account; its code is enough to look it up.
            code = getattr(error, "smtp_code", 0)
            words = f"answered {code}" if code else f"failed: {type(error).__name__}"
            return Answered(int(code), f"The mail server {self._settings.host} {words}.")
        return Answered(250)

    def _send(self, to: str, subject: str, text: str) -> None:
        settings = self._settings
        message = EmailMessage()
        message["From"], message["To"] = settings.sender, to
        message["Subject"] = " ".join(subject.split())
        message["Date"], message["Message-ID"] = formatdate(), make_msgid("mission-control")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        context = ssl.create_default_context()
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=SECONDS_MAX, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS_MAX)
        with server:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, self._secret(settings.secret))
            server.send_message(message)
