"""The text panels: what a page's words and numbers mean, for its readers."""

SLO_OVERVIEW = """\
**Error budget**: the share of events that may fail while the objective is still met: 0.1 % for an objective of 99.9 %.

**Burn rate**: how many times faster than that events fail. At 1 the budget lasts exactly the period; at 14.4 a budget
of 30 days is gone in 50 hours. Alerts look at a long and a short window together, so that they start soon, stop soon,
and do not fire for a handful of errors at low traffic.

**Status**: *ok*; *at risk*: an alert tier burns; *breached*: no budget is left in this period; *no data*: nothing was
measured for 5 minutes although something was before. No data is not ok: nobody knows how the service is doing.

**An empty cell** means that there is no answer, never 0. **Coverage** says which share of the time was measured at all:
below 90 % read every other number with care.

**Gone in**: when the budget will be empty, by the median of the forecast from past weeks or at the burn of the last
hour, whichever is first. **Corrected** time was taken out on purpose: what failed in it does not count.

Where to look: worst status first, then *Gone in*, then the graph of the burn rate, then what changed when it rose.
"""

SLO_DETAIL = """\
**The budget** over time falls where bad events happened and rises as old ones leave a rolling period. Below 0 the
objective is missed.

**The forecast** draws days from the SLO's own past, with their daily and weekly cycle. *Early*, *middle* and *late*: it
will be gone before then in 10, 50 and 90 of 100 cases; a line that is missing lies beyond one period. It needs 14 days
of history and does not know that an outage under way may go on: for that look at the burn rates.

**Burn rates**: an alert tier fires while both of its windows are above its line. The long window says that it matters,
the short one that it still goes on.

**Marks on the graphs**: red while a page fires, blue while a correction takes time out of the budget.

**Groups**: an SLO with groups is one SLO for each; numbers at the top are of the worst of the chosen ones. *Left out*:
groups beyond the cap; the worst are kept. **Exact**: 0 means that the source has so many series that sums were asked
for, which extrapolate. **Oddities**: events that counters contradicted each other about, and series counted from 0.
"""

EXPERIMENT_DETAIL = """\
**From the top**: does it work (status, split, arrivals)? What next? How sure is that? Whom does it harm? What does it
cost and bring? For whom (segments)?

**The interval of the lift** holds at all times together: look as often as you like. It narrows as units come. While 0
is inside nothing is decided; the verdict may ask for more than that, because it is careful with several comparisons.

**Evidence** is the e-value: the factor by which the data speak against "no difference". It may fall again; the
**p-value** is 1 over its largest so far and never rises. At the line it is enough for one comparison.

**Guardrails**: a guardrail metric is *harmed* where its verdict says worse. A guardrail SLO *burns* where the variant
alone spends its error budget over a paging tier; control beside it tells whether it is the variant or the day.

**Still needed** counts until the least lift that the spec calls worthwhile would be decided.

**Worth per day** is before costs; **ROI** puts it over the spec's horizon against what was spent. Both have an interval
that is as honest as that of the lift. **Segments** are for ideas: the fewer units, the wider.

**Marks on the graphs**: blue where the planned split changed and counts began anew, red where a variant was killed.

**An empty cell** means that there is no answer yet, or that the spec does not ask for it; never 0.
"""

EXPERIMENTS = """\
**Health first.** If the *split* is a mismatch, the participants did not arrive as planned: something in the assignment
or the counting is broken, and no result below can be trusted, however clear it looks.

**Verdict** is the answer you may act on, at any moment and however often you look: *better* or *worse* than control
after control of the false-discovery rate; *undecided* is not "no difference".

**Evidence** is the e-value behind it: the factor by which the data speak against "no difference". At 1/alpha it is
enough for one comparison. **Lift** is the relative difference to control; its lower and upper ends hold at all times
together.

**Win ratio** and **beats control** are Bayesian probabilities. They are easy to read and they are *not* protected
against looking often: do not stop an experiment because one of them is high.

**Killed**: the evidence that the variant is worse than control crossed its limit. That does not go away by itself.

**What next** is the one recommendation for each variant. Health comes first in it, then harm, then the verdict. *Stop*
because waiting costs more than it is worth is advice by cost, not a proof: take what is ahead.

**Money**: *worth per day* is what giving the variant to all would earn against control; *cost impact* is what was spent
beyond what control would have cost. Currencies are never added up or converted.

**An empty cell** means that there is no answer yet, never 0. Control has no verdict, lift or evidence against itself.
"""

HEALTH = """\
**Top row first.** *Processes running* 0: nobody computes anything, and burn alerts live on Prometheus' own rules.
*Sources down*: a database or Prometheus does not answer. *Collectors failing* with all sources up: something in
the spec; the log says what. *Age of the data* red: series have begun to vanish.

**Left out**: a family or source has more series than its cap. What is left out is missing from every other page.

**Latency** is measured from the change in a source to the snapshot that has it; to that come the scrape, the rule's
evaluation and Alertmanager's grouping, unless alerts are pushed.

**With two replicas** a source or collector counts as well where one of them succeeds; graphs of memory, CPU, files and
scrapes show each process.
"""
