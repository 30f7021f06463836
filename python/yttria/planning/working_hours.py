"""Working hours of a department, in which treatments take place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ..errors import ArgumentError

_SATURDAY = 5
#: Hours of the command line and of plans. `vial_choice` itself assumes none.
WORKING_HOURS = "08:00-18:00"


@dataclass(frozen=True, kw_only=True)
class WorkingHours:
    """Hours from Monday to Friday, from `start` to `end` in the time zone of the treatment window."""

    start: time
    end: time

    @classmethod
    def from_text(cls, text: str) -> WorkingHours:
        """Read hours such as "08:00-18:00"; `ArgumentError` if they are not two times in ascending order."""
        try:
            start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
            if start.tzinfo is None and end.tzinfo is None and start < end:
                return cls(start=start, end=end)
        except (AttributeError, ValueError):
            pass
        raise ArgumentError(f"working hours must be two times of a day, such as 08:00-18:00, got {text!r:.80}")

    def nearest(self, moment: datetime, first: datetime, last: datetime) -> datetime | None:
        """Find the time within working hours and from `first` to `last` that is nearest to `moment`.

        The three times must have the same time zone. The result is None if no such time exists.
        """
        found: list[datetime] = []
        day = first.date()
        while day <= last.date():
            low = max(first, datetime.combine(day, self.start, tzinfo=first.tzinfo))
            high = min(last, datetime.combine(day, self.end, tzinfo=first.tzinfo))
            if day.weekday() < _SATURDAY and low <= high:
                found.append(min(max(moment, low), high))
            day += timedelta(days=1)
        return min(found, key=lambda each: abs(each - moment), default=None)
