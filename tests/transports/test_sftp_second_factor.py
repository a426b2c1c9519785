"""Two factors over SSH: partial success, one user, each code once, and no way round."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncssh
import pytest
from asyncssh.auth import MSG_USERAUTH_INFO_RESPONSE
from asyncssh.packet import String, UInt32

from tests.support.eventually import eventually
from tests.support.sftp_site import SftpSite
from tests.support.simulated_gateway import SimulatedJudge

Act = Callable[["Person"], list[str] | None]


class Person(asyncssh.SSHClient):
    """A client that answers prompts from ``answers``; strings are typed, functions act."""

    def __init__(self, password: str, answers: Sequence[str | Act]) -> None:
        self._password = password
        self._answers = list(answers)
        self.prompts: list[str] = []
        self.methods: list[list[str]] = []

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.conn = conn

    def password_auth_requested(self) -> str | None:
        given, self._password = self._password, ""
        return given or None

    def kbdint_auth_requested(self) -> str | None:
        offered = self.conn._auth_methods
        self.methods.append([method.decode() for method in offered])
        return "" if self._answers else None

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        self.prompts += [prompt for prompt, _ in prompts]
        answer = self._answers.pop(0) if self._answers else None
        if answer is None or isinstance(answer, str):
            return None if answer is None else [answer]
        return answer(self)


@pytest.fixture(autouse=True)
def two_factors(judge: SimulatedJudge) -> None:
    judge.codes = {"clinic-bot": {"111111", "222222"}}


async def join(
    site: SftpSite,
    *answers: str | Act,
    key: Path | None = None,
    password: str = "",
    username: str = "clinic-bot",
) -> tuple[asyncssh.SSHClientConnection, Person]:
    person = Person(password, answers)
    methods = (
        "publickey,password,keyboard-interactive"
        if password
        else ("publickey,keyboard-interactive")
    )
    connection, _ = await asyncssh.create_connection(
        lambda: person, "127.0.0.1", site.port, username=username, known_hosts=None, config=None,
        client_keys=[str(key)] if key else None, agent_path=None, preferred_auth=methods,
    )  # fmt: skip
    return connection, person


async def test_a_key_and_then_a_code_log_in(sftp_site: SftpSite) -> None:
    connection, person = await join(sftp_site, "111111", key=sftp_site.key)
    async with connection:
        client = await connection.start_sftp_client()
        assert "claims" in await client.listdir("/outbox")
    assert person.prompts == ["Verification code: "]
    assert person.methods == [["keyboard-interactive"]]
    logins = [event for event in sftp_site.seen.events if event[0] == "login"]
    assert logins == [("login", "sftp", "publickey", True), ("login", "sftp", "code", True)]


async def test_a_password_and_then_a_code_log_in(sftp_site: SftpSite) -> None:
    connection, person = await join(sftp_site, "111111", password="clinic-pw")
    connection.close()
    assert person.prompts == ["Verification code: "]


async def test_both_can_be_asked_in_one_exchange(sftp_site: SftpSite) -> None:
    connection, person = await join(sftp_site, "clinic-pw", "111111")
    connection.close()
    assert person.prompts == ["Password: ", "Verification code: "]


async def test_accounts_without_a_second_factor_are_not_asked(sftp_site: SftpSite) -> None:
    connection, person = await join(sftp_site, password="payer-pw", username="payer-bot")
    connection.close()
    assert person.prompts == []


@pytest.mark.parametrize("answers", [(), ("333333",), ("",), ("clinic-pw",), ("111111 ",)])
async def test_a_key_without_the_right_code_does_not_log_in(
    sftp_site: SftpSite, answers: tuple[str, ...]
) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await join(sftp_site, *answers, key=sftp_site.key)


async def test_a_wrong_code_can_be_followed_by_the_right_one(sftp_site: SftpSite) -> None:
    connection, _ = await join(sftp_site, "333333", "222222", key=sftp_site.key)
    connection.close()


async def test_a_code_counts_once(sftp_site: SftpSite) -> None:
    connection, _ = await join(sftp_site, "111111", key=sftp_site.key)
    connection.close()
    with pytest.raises(asyncssh.PermissionDenied):
        await join(sftp_site, "111111", key=sftp_site.key)


async def test_a_connection_gets_three_codes(sftp_site: SftpSite, judge: SimulatedJudge) -> None:
    with pytest.raises(asyncssh.DisconnectError, match="too many wrong codes"):
        await join(sftp_site, "1", "2", "3", "111111", key=sftp_site.key)
    assert len(judge.tried) == 3


async def test_a_code_is_not_heard_before_a_first_factor(
    sftp_site: SftpSite, judge: SimulatedJudge
) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await join(sftp_site, "111111")
    assert judge.tried == []


def renamed(name: str, answer: str) -> Act:
    def act(person: Person) -> list[str] | None:
        person.conn._username = name
        return [answer]

    return act


async def test_another_user_name_after_the_first_factor_ends_the_connection(
    sftp_site: SftpSite, judge: SimulatedJudge
) -> None:
    judge.codes["payer-bot"] = {"999999"}
    with pytest.raises(asyncssh.DisconnectError, match="user name can't change"):
        await join(sftp_site, renamed("payer-bot", "wrong"), "999999", key=sftp_site.key)
    assert judge.tried == [("clinic-bot", "wrong")]


async def test_another_user_name_ends_the_connection_without_a_factor_too(
    sftp_site: SftpSite,
) -> None:
    with pytest.raises(asyncssh.DisconnectError, match="user name can't change"):
        await join(sftp_site, renamed("payer-bot", "wrong"), "payer-pw")


def answers(*given: str) -> Act:
    return lambda _person: list(given)


@pytest.mark.parametrize("act", [answers(), answers("111111", "222222")], ids=["none", "two"])
async def test_one_prompt_takes_one_answer(
    sftp_site: SftpSite, judge: SimulatedJudge, act: Act
) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await join(sftp_site, act, key=sftp_site.key)
    assert judge.tried == []


async def test_answers_sent_in_one_breath_count_as_one(
    sftp_site: SftpSite, judge: SimulatedJudge
) -> None:
    def flood(person: Person) -> list[str]:
        for code in ("1", "2", "3", "4"):
            person.conn.send_packet(MSG_USERAUTH_INFO_RESPONSE, UInt32(1), String(code))
        return ["5"]

    with pytest.raises(asyncssh.Error):
        await join(sftp_site, flood, key=sftp_site.key)
    assert len(judge.tried) == 1


async def test_a_second_key_is_no_second_factor(sftp_site: SftpSite) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    sftp_site.judge.keys[other.public_data] = sftp_site.judge.keys[
        asyncssh.read_private_key(sftp_site.key).public_data
    ]
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            "127.0.0.1", sftp_site.port, username="clinic-bot", known_hosts=None, config=None,
            client_keys=[str(sftp_site.key), other], agent_path=None, preferred_auth="publickey",
        )  # fmt: skip
    assert sftp_site.seen.events.count(("login", "sftp", "publickey", True)) == 1


async def test_who_proved_half_and_waits_is_cut_off(
    start_sftp: Callable[..., Awaitable[SftpSite]],
) -> None:
    site = await start_sftp(login_timeout=1.0)

    def waits(person: Person) -> None:
        person.conn._auth = None

    with pytest.raises(asyncssh.Error):
        await join(site, waits, key=site.key)
    await eventually(lambda: any(event[0] == "closed" for event in site.seen.events))
    assert ("login", "sftp", "code", True) not in site.seen.events


async def test_a_judge_that_breaks_over_the_code_lets_nobody_in(
    sftp_site: SftpSite, judge: SimulatedJudge
) -> None:
    def breaks(person: Person) -> list[str]:
        judge.broken = True
        return ["111111"]

    with pytest.raises(asyncssh.PermissionDenied):
        await join(sftp_site, breaks, key=sftp_site.key)
