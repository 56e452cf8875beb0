"""python (seed 002): code-driven campaigns: a registered strategy decides what each contact gets."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import archive, clone, delete, link, six_months

_START = Entry(
    "start",
    "Start",
    (s.RUNNING,),
    guards=(
        "needs_contacts_and_strategy", "needs_working_strategy", "needs_filled", "needs_channels", "needs_connections",
        "needs_swept", "needs_approval",
    ),
)  # fmt: skip

LIFECYCLE = Lifecycle(
    kind="python",
    title="Python",
    seed="002",
    summary="A registered strategy decides, contact by contact, what goes out and when.",
    looks={
        s.DRAFT: Look(
            "Created", "secondary", "pencil", "Contacts or a data-load strategy are still missing."
        ),
        s.CONFIGURED: Look(
            "Configured", "orange", "settings", "It has contacts and a strategy: ready to start."
        ),
        s.RUNNING: Look(
            "Running", "green", "player-play", "Contacts are processed in their planned time windows."
        ),
        s.ERRORED: Look(
            "Error", "red", "alert-triangle", "It cannot proceed. Force stop it, then fix the cause."
        ),
        s.ARCHIVED: Look(
            "Archived", "dark", "archive", "Kept for its history. Unarchive it to go on with it."
        ),
    },
    menus={
        s.DRAFT: (_START, archive(), clone(), delete()),
        s.CONFIGURED: (_START, archive(), clone(), delete()),
        s.RUNNING: (Entry("stop", "Stop", (s.CONFIGURED,)),),
        s.ERRORED: (Entry("force_stop", "Force stop", (s.CONFIGURED,)), link("show_logs", "Show logs")),
        s.ARCHIVED: (Entry("unarchive", "Unarchive", (s.DRAFT,)), clone(), delete()),
    },
    system=(
        SystemEdge("configure", (s.DRAFT,), (s.CONFIGURED,), "has contacts and a strategy"),
        SystemEdge("unconfigure", (s.CONFIGURED,), (s.DRAFT,), "lost its contacts or strategy"),
        SystemEdge("fail", (s.RUNNING,), (s.ERRORED,), "the strategy failed"),
        six_months(s.DRAFT, s.CONFIGURED),
    ),
)
