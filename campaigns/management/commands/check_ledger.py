"""`manage.py check_ledger`: proves that the counts of every campaign are its ledger's, and that nobody is lost in it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.engine import ledger


class Command(BaseCommand):
    """Prints one line if all is well; else every row that does not fit, and exit code 1."""

    help = "Proves audience = pending + drafted + sending + sent + failed + skipped + cancelled + recalled + unknown."

    def handle(self, **_: Any) -> None:
        wrong = 0
        with ledger.one_snapshot():
            for sentence in ledger.violations():
                wrong += 1
                self.stdout.write(sentence)
            looked_at = ledger.extent()
        if wrong:
            raise CommandError(
                f"The ledger does not add up: {wrong:,} {'row' if wrong == 1 else 'rows'} above."
            )
        gone = f" ({looked_at.people_gone:,} of people deleted since)" if looked_at.people_gone else ""
        again = looked_at.called_again
        calls = f" {again:,} calls that reached nobody were placed again, as was asked." if again else ""
        self.stdout.write(
            f"The ledger adds up: {looked_at.deliveries:,} deliveries{gone} in {looked_at.channels:,} channels"
            f" of {looked_at.campaigns:,} campaigns; every count is exact and nobody is lost.{calls}"
        )
