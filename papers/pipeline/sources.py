"""Each source's own way of being asked about a date: when, for what, and what its oddities mean."""

import datetime as dt
from collections.abc import Sequence

from digest_site import clock
from papers import batches, ledger, taxonomy
from papers.harvest import Record, Sheet, SourceError
from papers.models import Announcement, Paper, Poll

from .announcing import confirm
from .archive import CATCHUP_DAYS, SHOWN_AFTER
from .late import late_among, late_item
from .polls import Inquiry, asked, failed, nothing, read, store
from .storing import store_records

SECOND_OPINION = dt.timedelta(days=10)
# arXiv asks not to repeat a query within a day, except where something new must be in its answer.
API_KEEPS = dt.timedelta(hours=22)
# How long the others are believed without it: less than three days, since the task comes at the same hours.
API_CHECKS = dt.timedelta(hours=70)
# The API and the archive fill up for hours after an announcement; asking for single ids before is in vain.
FILLED_AFTER = SHOWN_AFTER

Source = Poll.Source


def is_in_reach(day: dt.date) -> bool:
    """Whether the catch-up pages go back to a date; arXiv counts by its own date, which is UTC."""
    return clock.now().date() - day <= dt.timedelta(days=CATCHUP_DAYS)


def is_out_of_sight(day: dt.date) -> bool:
    """Whether the API's second opinion, its last ten days, does not reach back to a date any more."""
    return clock.now() - batches.announced_at(day) > SECOND_OPINION


def list_category(inquiry: Inquiry, code: str) -> SourceError | None:
    """arXiv's own listing of one category: today's page, or the catch-up page of a past date."""
    if inquiry.day < batches.latest(clock.now()):
        return _catchup(inquiry, code)
    poll = asked(Source.LIST, code, inquiry.day)
    sheet: Sheet | None = None
    try:
        sheet = inquiry.arxiv.new_list(code)
        if sheet.date < inquiry.day and not batches.is_announcement_day(inquiry.day):
            nothing(poll, ledger.HOLIDAY)
        else:
            read(poll, sheet, [code], inquiry.listed)
    except SourceError as error:
        failed(poll, error, inquiry.listed)
        if sheet is not None and sheet.date != inquiry.day:
            _keep(sheet, inquiry, code)
        is_newer = sheet is not None and sheet.date > inquiry.day
        if not is_newer and error.state not in ("broken", "truncated"):
            return error
        # Not what was asked for, but arXiv answers: the catch-up page of the date says the same.
        return _catchup(inquiry, code)
    return None


def _keep(sheet: Sheet, inquiry: Inquiry, code: str) -> None:
    """A listing of another date is believed and kept, unless we have it.

    A newer one: arXiv announced on a date that our calendar does not have, or our clock is slow. An older one,
    hours after the announcement: arXiv kept a holiday that our calendar does not know, and nobody had asked for
    the date before it.
    """
    if not _is_public(sheet.date) or is_out_of_sight(sheet.date) or _is_read(code, sheet.date):
        return
    if sheet.date < inquiry.day and clock.now() < batches.announced_at(inquiry.day) + ledger.PATIENCE:
        return  # arXiv has not turned the page yet
    poll = asked(Source.LIST, code, sheet.date)
    try:
        read(poll, sheet, [code], inquiry.listed)
    except SourceError as error:
        failed(poll, error, inquiry.listed)


def _is_read(code: str, day: dt.date) -> bool:
    answered = Poll.objects.filter(source__in=ledger.LISTINGS, state__in=ledger.ANSWERED)
    return answered.filter(category=code, date=day).exists()


def _is_public(day: dt.date) -> bool:
    """Whether a listing with that date can be out, be it on what our calendar takes for a holiday."""
    return batches.is_weekday(day) and batches.announced_at(day) <= clock.now()


def _catchup(inquiry: Inquiry, code: str) -> SourceError | None:
    """The catch-up page of the date; that it is empty is proof of silence once arXiv has gone on."""
    poll = asked(Source.CATCHUP, code, inquiry.day)
    try:
        read(poll, inquiry.arxiv.catchup(code, inquiry.day), [code], inquiry.listed)
    except SourceError as error:
        if error.status != 400 or not _has_gone_on(inquiry, code):
            return failed(poll, error, inquiry.listed)
        nothing(poll, ledger.SILENT)
    else:
        if poll.state == Poll.State.EMPTY and _has_gone_on(inquiry, code):
            nothing(poll, ledger.SILENT)
    return None


def _has_gone_on(inquiry: Inquiry, code: str) -> bool:
    """Whether arXiv has announced a later date than this one."""
    if ledger.later_listing(inquiry.day):
        return True
    try:
        return inquiry.day < inquiry.arxiv.new_list(code).date <= clock.now().date() + dt.timedelta(days=1)
    except SourceError:
        return False


def seconded(inquiry: Inquiry) -> set[str]:
    """The categories that need no second look at their listing, because the feed, built hours later, says the same.

    One request for all of them. Where the feed lacks a paper or has one more, the listings are asked again.
    """
    if not _is_fed(inquiry.day):
        return set()
    [look] = ledger.looks_at([inquiry.day], inquiry.categories)
    if look.unconfirmed:
        return set()
    return {listing.code for listing in look.listings if listing.is_read and listing.looked_twice}


def ask_rss(inquiry: Inquiry) -> None:
    """The second opinion of the day itself: kinds for the union, and licences; gone the next midnight."""
    # One category that does not exist would have arXiv refuse the whole union.
    codes = [code for code in inquiry.categories if taxonomy.canonical(code)]
    if not codes or not _is_fed(inquiry.day) or not _has_listing(inquiry):
        return
    poll = asked(Source.RSS, "+".join(codes), inquiry.day)
    try:
        read(poll, inquiry.arxiv.rss(codes), codes, inquiry.listed)
    except SourceError as error:
        failed(poll, error, inquiry.listed)


def _is_fed(day: dt.date) -> bool:
    """Whether the feed is this date's: from midnight Eastern to the next."""
    feed = batches.feed_at(day)
    return feed <= clock.now() < feed + dt.timedelta(days=1)


def _has_listing(inquiry: Inquiry) -> bool:
    if batches.is_announcement_day(inquiry.day):
        return True
    return Announcement.objects.filter(date=inquiry.day, category__in=inquiry.categories).exists()


def ask_api(inquiry: Inquiry, *, of_strangers: bool = False) -> None:
    """The API's last ten days: confirms what listings said, and knows what none of them announced.

    Asked when somebody else left something open (`of_strangers`: the archive has papers that nobody announced),
    and else every third day, lest one source be believed for ever.
    """
    now, union = clock.now(), "+".join(inquiry.categories)
    if inquiry.day < batches.latest(now) or not _has_listing(inquiry):
        return
    if _has_nothing_to_say(inquiry, union, of_strangers):
        return
    poll, held = asked(Source.API, union, inquiry.day), _Held(inquiry.categories, now - SECOND_OPINION)
    try:
        records = _recent(inquiry, held, now - SECOND_OPINION, now)
        if not (records or held.ids) and _announced_since(inquiry, now - SECOND_OPINION):
            raise SourceError("broken", "十天之内一篇也没有，而列表上有")
    except SourceError as error:
        failed(poll, error, inquiry.listed)
        return
    late: list[Record] = []
    if batches.latest(clock.now()) <= inquiry.day:
        # Else the next batch came while we were asking, and its papers are nobody's omission.
        late = late_among(records, inquiry.day, inquiry.categories)
    store_records(_ours(records, late))
    confirm(Source.API, [*held.ids, *(record.arxiv_id for record in records)])
    store(
        poll,
        [late_item(one) for one in late],
        inquiry.categories,
        inquiry.listed,
        found=len(records) + len(held.ids),
    )


def _has_nothing_to_say(inquiry: Inquiry, union: str, of_strangers: bool) -> bool:
    """Whether the index answered a while ago, and cannot know more yet, or all that it could tell is known."""
    now, day = clock.now(), inquiry.day
    since = (now - SECOND_OPINION).date()
    last = Poll.objects.filter(source=Source.API, category=union, date__gt=since).order_by("-id")
    asked_at, state = last.values_list("asked_at", "state").first() or (now - SECOND_OPINION, "")
    if state not in ledger.ANSWERED or asked_at <= now - API_CHECKS:
        return False
    if now < batches.announced_at(day) + FILLED_AFTER:
        if asked_at > now - API_KEEPS:
            return True
        day -= dt.timedelta(days=1)  # of this batch it knows little yet
    return not of_strangers and _is_known(inquiry.categories, since, day)


def _is_known(categories: Sequence[str], since: dt.date, until: dt.date) -> bool:
    """Whether every paper of these dates has its metadata and a second source."""
    rows = Announcement.objects.filter(category__in=categories, date__range=(since, until)).order_by()
    bare = Paper.objects.filter(fetched_at=None, arxiv_id__in=rows.values("arxiv_id"))
    announced = rows.filter(ledger.IN_TIME)
    # Most days have no such row, and need not be asked who said what.
    single = announced.filter(seconded=False).exists() and ledger.unconfirmed(announced)
    return not (single or bare.exists())


class _Held:
    """The papers of the last days whose metadata we have: an entry that says the same is counted, not read.

    What may change without a new version or other words (a category, a journal, a DOI), the archive tells.
    """

    def __init__(self, categories: Sequence[str], since: dt.datetime) -> None:
        rows = Announcement.objects.filter(category__in=categories, date__gte=since.date())
        known = Paper.objects.filter(fetched_at__isnull=False, updated__isnull=False)
        papers = known.filter(arxiv_id__in=rows.values("arxiv_id")).order_by()
        self._papers = {
            arxiv_id: (f"{updated:%Y-%m-%dT%H:%M:%SZ}", title, abstract)
            for arxiv_id, updated, title, abstract in papers.values_list(
                "arxiv_id", "updated", "title", "abstract"
            )
        }
        self.ids: list[str] = []

    def __call__(self, arxiv_id: str, *gist: str) -> bool:
        if self._papers.get(arxiv_id) != gist:
            return False
        self.ids.append(arxiv_id)
        return True


def _recent(inquiry: Inquiry, held: _Held, since: dt.datetime, until: dt.datetime) -> list[Record]:
    """Ten days in one query, or in halves where a category is too busy for that."""
    try:
        return inquiry.arxiv.recent(inquiry.categories, since, until, is_held=held)
    except SourceError as error:
        if error.state != "too_large" or until - since < dt.timedelta(hours=6):
            raise
    middle = since + (until - since) / 2
    return _recent(inquiry, held, since, middle) + _recent(inquiry, held, middle, until)


def _announced_since(inquiry: Inquiry, since: dt.datetime) -> bool:
    rows = Announcement.objects.filter(category__in=inquiry.categories, date__gt=since.date())
    return rows.filter(kind=Announcement.Kind.NEW).exists()


def _ours(records: Sequence[Record], late: Sequence[Record]) -> list[Record]:
    """What a listing announced, what we have, and what is late; the rest came before our time."""
    known = {record.arxiv_id for record in late}
    papers = Paper.objects.filter(arxiv_id__in=[record.arxiv_id for record in records])
    known |= set(papers.order_by().values_list("arxiv_id", flat=True))
    if others := {record.arxiv_id for record in records} - known:
        announced = Announcement.objects.filter(arxiv_id__in=others).exclude(kind=Announcement.Kind.REPLACE)
        known |= set(announced.order_by().values_list("arxiv_id", flat=True))
    return [record for record in records if record.arxiv_id in known]
