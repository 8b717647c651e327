"""Words in column names and values that say what a column is."""

from __future__ import annotations

import re
from functools import lru_cache


def words(text) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


PERSONS = words(
    """
    subject subj patient person participant student pupil child respondent individual user
    customer client employee worker mom mum dad father kid baby infant
    rat mouse rabbit pig chick sheep horse monkey fish animal dog cow bird woman man mother ppt
    pid sid
    uid ptid subjid rep representative case volunteer panelist panellist voter member boy girl dam
    sire calf piglet pup
    """
)
PLACES = words(
    """
    school class classroom hospital clinic center centre site district county state country
    region city village ward farm herd nest plot firm company store shop department dept
    university college office team neighbourhood neighborhood province municipality station loc
    location locality town precinct parish zone room forest lake community commune borough
    """
)
#: Parts that are in one whole only, whatever number they have: wafer 1 of a lot, plant 2 of a tray.
PARTS = words(
    """
    wafer plate plant pen cage tray pot leaf slide cask tank litter branch pup plot subplot quadrat
    core bottle vial tooth eye cutting
    """
)
GROUPS = (
    PERSONS
    | PLACES
    | words(
        """
    id ids group teacher professor instructor doctor physician nurse therapist provider batch
    family household cluster block litter plate sample item rater judge reviewer interviewer
    operator replicate lot machine tree plant species couple dyad pair lab laboratory run
    experimenter stimulus word picture question lecturer course movie product cask tank pen cage
    pot colony brood stratum strata lea population genotype clone strain tissue organ leaf branch
    slide assay quake earthquake wafer industry sector airline carrier bank hive shelf tray
    row column rowpos colpos replication study
    """
    )
)
TIMES = words(
    """
    time times day days week weeks month months year years wave waves visit visits session
    sessions occasion period periods date hour hours minute minutes seconds timepoint followup
    round phase quarter semester epoch trend
    """
)
TREATMENTS = words(
    """
    treatment treat treated trt tx arm group condition cond intervention therapy drug dose
    method style program programme exposed exposure experiment experimental recipe diet variety
    fertilizer fertiliser policy placebo vaccine regimen
    """
)
TREATMENT_VALUES = words(
    """
    control controls ctrl ctl placebo treat treated treatment intervention drug active experimental
    vaccine sham
    """
)
#: Values of the arm that others are compared with.
CONTROL_VALUES = words(
    """
    control controls ctrl ctl placebo sham untreated none tau wl waitlist vehicle pl
    """
)
#: Strong and weak words for an outcome; words of tables with a single column of values.
OUTCOMES = words(
    """
    y yi effectsize outcome score response resp dv reaction rating csat satisfaction yield exam test
    incidence cases count rate choice fatal fatality crime citation cite
    """
)
GENERIC_OUTCOMES = words("value result measurement measure reading amount")
MAYBE_OUTCOMES = words(
    """
    pain stay los use success failure died death survived passed grade marks spend cost price
    weight distance strength diameter angle height bp sbp dbp cholesterol cd4 mood depression
    anxiety vocal negotiation accuracy rt speed math maths reading wage income pressure seizures
    cesd hamd bdi qol concentration conc achievement ach attain attainment mass biomass
    read correct pulse glucose fev fev1 symptom headache migraine infection disease relapse cured
    obese wheeze fruit seed egg growth abundance richness activity absorbance acceleration accel
    volume biomass invest inv investment exercise sureness attitude trust happiness support vote
    goal point guess article publication visit sales
    endpoint output production employment quantity consumption demand pack patent like liking
    dead mortality prop proportion share fraction alive germinated
    life lifeexp expectancy takeup take adopt adopted adoption enrolled purchased bought
    accepted admitted
    salary earnings earn eval evaluation agree approve approved approval survival gain loss damage
    defect error delay latency duration churn default denied deny tip trip accident injury claim
    turnout fertility preference opinion quality performance efficacy thickness hardness
    resistance viscosity calorie births bites spam
    """
)
COVARIATES = words(
    """
    age sex gender race ethnicity education educ income ses severity comorbidity urban rural
    marital religion smoker smoking bmi baseline base weekday gpa size born birth married
    children lat latitude lon long longitude experience exper tenure tax taxes cpi population pop
    unemp unem unemployment gdp gsp inflation wt wgt ht hgt black white hispanic asian female
    male metro
    """
)
#: Conditions under which something is measured, and facts about who or what it is.
PREDICTORS = words(
    """
    temp temperature volt voltage load humidity wind rain south north east west smsa union
    occupation occup minority nonwhite region foreign citizen veteran household hh latitude depth
    dist index id code rank level
    """
)
#: First or last words of names of what was there before, and of what came of it.
BEFORE = words(
    "pre prior prev previous initial init start baseline base orig original old lag list"
)
AFTER = words("post final end last after new outcome")
TRIALS = words(
    """
    size n trials total denominator tested ntrials attempts exposed initial init available ntotal
    """
)
#: Whole numbers that are measured or counted, not ids.
MEASURES = (
    TIMES
    | COVARIATES
    | MAYBE_OUTCOMES
    | (OUTCOMES - {"cases", "resp"})
    | GENERIC_OUTCOMES
    | words(
        """
    number num temperature temp length duration amount calls pages total depth altitude
    elevation
    """
    )
)
#: Last words of names that number things, and names of remarks: neither is measured.
NUMBERINGS = words("number no nr num id ids index idx code serial seq sequence")
LABELS = NUMBERINGS | words("name names label key abb abbr abbreviation fips txt text identifier")
COUNTING = words("number num no nr")
REMARKS = words("comment comments note notes remark remarks description")
#: Times that are one of a list, not an amount: days absent are an outcome, the day is none.
CALENDAR = words(
    """
    day week month year date hour minute quarter semester weekday round wave visit session occasion
    period phase timepoint followup epoch
    """
)
#: Words that make an amount of a name for people or places: infant mortality, class size.
AMOUNTS_OF = words(
    """
    mortality rate ratio share percent pct size count weight death deaths mpg price income density
    """
)
#: Names of the errors of estimates, which a table of studies has beside them.
ERRORS = words("vi var variance se sei stderr vareffsize sd residual residuals resid fitted")
#: Times that come round again.
SEASONS = words("month quarter season weekday hour semester")
#: Words of sums of points, and of what is measured in whole units: neither counts anything.
SCORES = words(
    """
    score scale index rating points grade marks pain bdi hamd hama cesd qol phq gad panss mmse bprs
    madrs exam test iq depression anxiety mood satisfaction attitude happiness ability achievement
    """
)
MEASURED = words(
    """
    weight height length width depth distance diameter strength pressure temperature temp bp sbp dbp
    pulse cholesterol glucose age duration time minutes seconds rt speed price cost wage income
    mass yield area volume
    """
)
#: Amounts of time or people over which events are counted.
EXPOSURES = words("exposure pyears personyears pyr atrisk pdays persondays effort py")
#: Amounts that people choose at a price, which is then no outcome.
QUANTITIES = words("sales quantity consumption demand packs pack units volume sold")
#: What stands before or behind the name of another column it was computed from.
DERIVED = words(
    """
    l ln log c d g lag lead cum prev previous sq squared sqrt z std scaled centered centred cent
    diff delta change mean avg dev
    """
)
#: Labels of measurement occasions, in their order.
OCCASIONS = (
    ("baseline", "followup"), ("baseline", "follow-up"), ("before", "after"), ("start", "end"),
    ("pre", "mid", "post", "followup", "follow-up", "fup"),
    ("initial", "final"), ("first", "last"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("fall", "spring"), ("autumn", "spring"),
    ("morning", "noon", "evening"), ("baseline", "final"), ("baseline", "end"),
)  # fmt: skip
OCCASION_WORDS = frozenset(word for group in OCCASIONS for word in group) | {"pretest", "posttest"}


@lru_cache(maxsize=4096)
def _split(name: str) -> tuple[str, ...]:
    return tuple(t.lower() for t in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name))


def tokens(name) -> list[str]:
    """Words of a column name, in lower case.

    Examples
    --------
    >>> tokens("call_CSAT"), tokens("FoodTreatment"), tokens("rep_ID"), tokens("M6Spend")
    (['call', 'csat'], ['food', 'treatment'], ['rep', 'id'], ['m', '6', 'spend'])
    """
    return [*_split(str(name))]


def hint(name, words) -> str | None:
    """The first word of the name that is one of `words`, in the singular or plural.

    The whole name counts too, however it is written.

    Examples
    --------
    >>> hint("rep_ID", GROUPS), hint("SubjectID", PERSONS), hint("sbp", MAYBE_OUTCOMES)
    ('rep', 'subject', 'sbp')
    """
    parts = tokens(name)
    for part in [*parts, "".join(parts)]:
        if part in words:
            return part
        if part.endswith("s") and part[:-1] in words:
            return part[:-1]
        if part.endswith("ies") and f"{part[:-3]}y" in words:
            return f"{part[:-3]}y"
        if part.endswith("id") and len(part) > 3 and part[:-2] in words:
            return part[:-2]
    return None


def heads(name, words) -> str | None:
    """The word that a name is about, if it is one of `words`: the last, numbers of it left aside.

    A plot type is a type, the number of patients a number; the number of a patient, or a
    patient id, are of patients.

    Examples
    --------
    >>> [heads(name, PLACES | PERSONS) for name in ("plot_type", "school_name", "patientid")]
    [None, 'school', 'patient']
    >>> heads("number of patients", PERSONS), heads("patient number", PERSONS)
    (None, 'patient')
    """
    parts = tokens(name)
    if "of" in parts:
        before = parts[: parts.index("of")]
        parts = before if not {*before} <= LABELS - COUNTING else parts[parts.index("of") + 1 :]
    while len(parts) > 1 and (parts[-1] in LABELS or parts[-1].isdigit() or len(parts[-1]) == 1):
        parts = parts[:-1]
    if not parts:
        return None
    last = tokens(name)[-1]
    found = hint(parts[-1], words) or hint("".join(tokens(name)), words)
    return found or (last if last in words & {"id", "ids"} else None)


def contains(name, words) -> str | None:
    """A word of at least four letters within the name: 'exam' in 'normexam'.

    Examples
    --------
    >>> contains("normexam", OUTCOMES), contains("studage", OUTCOMES)
    ('exam', None)
    """
    text = str(name).lower()
    inside = [w for w in words if len(w) > 3 and w in text]
    return max(inside, key=len) if inside else None


def abbreviates(name, words) -> str | None:
    """The word that a part of the name, of three letters or more, is the beginning of.

    Examples
    --------
    >>> abbreviates("sch", PLACES), abbreviates("popu", GROUPS), abbreviates("x", GROUPS)
    ('school', 'population', None)
    """
    for part in tokens(name):
        if len(part) >= 3:
            begun = sorted(w for w in words if w.startswith(part) and len(w) > len(part))
            if begun:
                return begun[0]
    return None
