"""Whether a text is of business alone: no word in it is of care, cover or a person's life.

A list of what may stand there, not of what may not: nobody can list all that patients suffer from.
"""

from __future__ import annotations

import re
from typing import Final

from dlp.detect.reading import plain
from dlp.detect.words import is_given_name, is_not_name, is_payer, is_word, vocabulary

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_PASSED_OVER: Final = re.compile(
    r"(?i)\bthank you\b|\baccount (?:manager|executive)s?\b|\b(?:fell|fall) (?:to|by) [0-9]|[\w.+-]{1,64}@[\w.-]{1,100}|https?://\S{1,200}|www\.\S{1,200}"
)
_PERSONAL: Final = re.compile(
    r"(?i)\$ ?[0-9]|(?<![0-9])[0-9]{5}(?![0-9])"
    r"|@(?:gmail|yahoo|hotmail|outlook|aol|icloud|comcast)\."
)
"""What is owed, a code of a procedure, and a mailbox of somebody's own."""
_SMALL: Final = vocabulary(
    "a an the and or of to for from in on at by with as is are was were be been has have had will "
    "would can may must not no this that these those it its our we us all any each every both more "
    "most who which when where what how than then there if so but also into over under after "
    "before during until through per via within about between other new next last first second "
    "third fourth one two three four five six seven eight nine ten please now on off up down out "
    "inc llc llp corp co ltd plc am pm ext x re cc bcc fw fwd"
)
_ROLES: Final = vocabulary(
    "chief executive vice president vp svp evp ceo cfo coo cio cto cmo ciso officer director "
    "manager manager's head lead chair chairman chairwoman chairperson secretary treasurer "
    "controller comptroller supervisor coordinator administrator specialist analyst coder coders "
    "biller billers clerk accountant bookkeeper auditor counsel attorney engineer developer "
    "architect consultant representative rep trainer poster recruiter assistant associate deputy "
    "interim acting regional national senior sr junior jr managing general partner photographer "
    "photography owner founder sponsor maintainer approver staff team teams employee employees "
    "stakeholders leadership personnel cpc cpma cpb cppm rhit rhia ccs chc cpa mba mha fache fhfma "
    "crcr pmp cissp esq jd md do rn phd"
)
_PLACES: Final = vocabulary(
    "billing coding claims revenue cycle finance financial accounting accounts receivable payable "
    "operations operating information technology technical it edi hr human resources legal "
    "compliance privacy security sales marketing support customer provider network relations "
    "credentialing implementation integration software system systems data quality project program "
    "product products office offices department division company firm corporation organization "
    "group board committee council services service solutions associates clearinghouse vendor "
    "vendors payer payers hospital clinic medical healthcare health helpdesk desk front business "
    "development contracting contract contracts training education practice center"
)
_PAPER: Final = vocabulary(
    "minutes minute meeting meetings agenda agendas attendees attendee participants present absent "
    "regrets apologies excused invitees guests attendance distribution quorum motion motions moved "
    "seconded carried favor adjourned adjourn order session item items action topic topics memo "
    "memorandum subject policy policies version revision revised revise document documents report "
    "reports reported budget budgets draft drafted final page pages slide slides title titles name "
    "chart roster directory list lists schedule schedules plan plans matrix manual guideline guide "
    "standard standards change changes request requests ticket status open closed summary purpose "
    "scope author authors presenter speaker speakers instructor facilitator organizer prepared "
    "reviewed approved created modified updated update written compiled issued checked verified "
    "tested implemented posted released audited recorded taken signed sign signature date dates "
    "copyright rights reserved photo photograph contact contacts questions question regarding "
    "sincerely regards kind best thank thanks respectfully attn witness whereof parties party "
    "agreement executed enclosed attached invoice invoices press release note notes taker help"
)
_DOINGS: Final = vocabulary(
    "post posts posting present presented presents send sends sent lead leads led start starts "
    "started begin begins join joins joined welcome promoted promotion names named said says "
    "praised confirm confirmed discuss discussed attend agreed agree noted review reviews audit "
    "audits complete completed continue continues go live launch launched migrate migration move "
    "run runs handle handles call called close closes closed meet meets improve improved increase "
    "increased decrease decreased rose declined cut grow growth exceed target targets goal goals "
    "results result quarterly quarter monthly month months annual annually weekly week weeks year "
    "years day days today tomorrow morning afternoon half percent rate rates margin margins cost "
    "costs expense expenses income profit denials remittance remittances payroll headcount hiring "
    "staffing server servers firewall outage sftp file files folder database upgrade cutover "
    "deployment password access network firm phone telephone tel fax email mail mobile direct "
    "main suite floor street avenue road holiday holidays conference workshop course courses "
    "refresher initial added add diagrams diagram letter books ledger "
    "hipaa given fee fees opened steering escalation write writes offs replaced switch switches m "
    "denial clean reconcile reconciliation industry market customers "
    "old adjournment consists directors updates payment committees officers managers"
)
_CALENDAR: Final = vocabulary(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays "
    "thursdays fridays january february march april may june july august september october "
    "november december jan feb mar apr jun jul aug sep sept oct nov dec"
)
_ABBREVIATION: Final = 5
"""Letters of capitals that are no name: BP, CPAP."""
_BUSINESS: Final = _SMALL | _ROLES | _PLACES | _PAPER | _DOINGS | _CALENDAR


def is_business(text: str) -> bool:
    """Whether each word is one of business, or written as a name is; linear.

    Args:
        text: A few hundred characters.
    """
    if _PERSONAL.search(text):
        return False
    before = ""
    for word in _WORD.findall(_PASSED_OVER.sub(" ", text)):
        if not (_may_stand(word) or _is_surname(before, word)):
            return False
        before = word
    return True


def _is_surname(before: str, word: str) -> bool:
    """``Helen Marsh``, ``Dolores Pike``: surnames are words too."""
    called = before[:1].isupper() and is_given_name(plain(before))
    return called and word.istitle() and not is_not_name(plain(word))


def _may_stand(raw: str) -> bool:
    norm = plain(raw)
    if norm in _BUSINESS or is_payer(norm):
        return True
    if len(raw) == 1:
        return raw.isupper() and raw != "I"
    return raw[0].isupper() and _may_be_called(raw, norm)


def _may_be_called(raw: str, norm: str) -> bool:
    """A person or a firm: no short capitals (BP, CPAP), no drug and no eponym."""
    if is_given_name(norm):
        return True
    if raw.isupper() and len(raw) <= _ABBREVIATION:
        return False
    return not is_word(norm) and not is_not_name(norm)
