/**
 * Names of datums and of reference systems, so that a text without a code gets the shift that its code has; and
 * transformations between datums that must not go by way of WGS 84, since both are it to a metre or two. The rows are made
 * by `npm run check:epsg -- --write` from PROJ 9.1's database, which holds EPSG's names, aliases and Esri's names.
 */
import { type DatumDatabase, type DirectShift, plainDatumName } from '../epsg-registry.js';

/**
 * EPSG code of a geographic system, the code whose shift its projected systems take (0: the same), by how many metres
 * positions in any of them are off at most (0: within one), and names.
 */
const DATUMS = `
3819 0 0 hd1909 hungariandatum1909
3821 0 300 twd67 taiwandatum1967 twd1967
3906 0 13 mgi1901 hr1901 d48
4120 0 196 greek
4121 0 0 ggrs87 greekgeodeticreferencesystem1987 ggrs1987
4122 0 300 ats77 averageterrestrialsystem1977 ats77latlon ats1977
4123 0 0 kkj kartastokoordinaattijarjestelma1966 kartastokoordinaattijrjestelm1966
4124 0 0 rt90 riketskoordinatsystem1990 rt1990
4127 0 32 tete tete1960
4128 0 300 madzansua
4129 0 0 observatario observatariocamposrodrigues1907
4131 0 12 indian1960 indiandmareduced
4132 0 0 fd58 finaldatum1958 finaldatum1958iran fd1958
4133 0 0 est92 estonia1992
4134 0 0 psd93 pdosurveydatum1993 pdo1993
4135 0 3 oldhawaiian
4139 0 0 puertorico
4141 0 0 israel1993 israel
4142 0 0 locodjo1965 portbouet ctedivoire ctedivoireivorycoast
4143 0 2 abidjan1987
4144 0 0 kalianpur1937
4145 0 16 kalianpur1962
4146 0 0 kalianpur1975
4147 0 0 hanoi1972
4149 0 0 ch1903
4152 2761 0 nad83harn nad83highaccuracyreferencenetwork nad83hpgn guamgeodeticnetwork1993 ggn93 nad831992ak nad831993hi nad831993as nad831993gu nad831993prvi nad83harnlatlon northamerican1983harn nad83highprecisiongeodeticnetwork nad83highaccuracyregionalnetwork
4153 0 0 rassadiran
4154 0 0 ed50ed77 europeandatum19501977 european1950ed77
4155 0 0 dabola1981
4156 0 14 sjtsk systemoftheunifiedtrigonometricalcadastralnetwork systmjednotntrigonometrickstkatastrln systmjednotnejtrigonometrickejsietekatastrlnej
4157 0 300 mountdillon
4158 0 0 naparima1955
4159 0 0 eld79 europeanlibyandatum1979 europeanlibyan1979
4160 0 28 chosmalal1914 quinihuao quiihuao chosmalal
4161 0 0 pampadelcastillo pampacas
4162 0 0 korean1985 koreandatum1985
4164 0 0 southyemen
4165 0 0 bissau
4168 0 13 accra
4169 0 0 americansamoa1962
4174 0 300 sierraleone1924 sierraleonecolony1924 sierraleonepeninsular1924
4175 0 0 sierraleone1968
4178 0 4 pulkovo194283 uniformastrogeodeticnetworkuagn1983 s42 pulkovo1942adj1983
4179 0 8 pulkovo194258 pulkovo194256 pulkovo194257 uniformastrogeodeticnetworkuagn1956 pulkovo1942adj1958
4181 0 0 luref luxembourgreferenceframe ntl1930 luxembourg1930 ntl nouvelletriangulationduluxembourg
4182 0 0 azoresoccidental1939 azoresoccidentalislands1939 observatarioflores observatoriometeorologico1939 observatorio1966
4183 0 0 azorescentral1948 azorescentralislands1948 graciosa basesw
4184 0 0 azoresoriental1940 azoresorientalislands1940 saobraz saobras
4188 0 0 osni1952
4191 0 0 albanian1987 alb86
4192 0 0 douala1948
4193 0 0 manoca1962
4194 0 0 qornoq1927
4195 0 0 scoresbysund1952
4196 0 0 ammassalik1958
4197 0 25 garoua
4198 0 25 kousseri
4199 0 300 egypt1930 newegyptian
4200 0 0 pulkovo1995 s95
4201 0 4 adindan bluenile1958
4202 0 4 agd66 australiangeodeticdatum1966 agd66latlon australian1966
4203 0 300 agd84 australiangeodeticdatum1984 agd84latlon australian1984
4204 0 7 ainelabd ainelabd1970
4205 0 0 afgooye
4206 0 300 agadez
4207 0 0 lisbon lisbon1937
4208 0 17 aratu
4209 0 34 arc1950
4210 0 9 arc1960
4211 0 5 batavia genuk
4212 0 0 barbados1938
4213 0 0 beduaram
4214 0 23 beijing1954
4215 0 300 bd50 reseaunationalbelge1950 belge1950
4216 0 0 bermuda1957
4218 0 10 bogota1975 bogota
4219 0 0 bukitrimpah
4220 0 0 camacupa1948 camacupa
4221 0 2 campoinchauspe
4222 0 0 cape southafrica
4223 0 2 carthage
4224 0 0 chua
4225 0 300 corregoalegre197072 corregoalegre
4227 0 0 deirezzor levant
4229 0 0 egypt1907 oldegyptian
4230 0 15 ed50 europeandatum1950 european1950
4231 0 0 ed87 europeandatum1987 european1987
4232 0 0 fahud
4236 0 0 hutzushan1950 hutzushan
4237 0 0 hd72 hungariandatum1972 hungarian1972
4238 0 0 id74 indonesiandatum1974 indonesian1974
4239 0 0 indian1954
4240 0 0 indian1975
4241 0 300 jamaica1875
4242 0 0 jad69 jamaica1969
4243 0 300 kalianpur1880
4244 0 0 kandawala
4245 0 0 kertau1968 mrt68 kertau malaysiarevisedtriangulation1968
4246 0 0 koc kuwaitoilcompany
4247 0 5 lacanoa
4248 0 26 psad56 provisionalsouthamericandatum1956 provisionalsamerican1956
4249 0 300 lake
4250 0 0 leigon
4251 0 0 liberia1964
4252 0 300 lome
4253 0 21 luzon1911
4254 0 6 hitoxviii1963 hitoxviii
4255 0 0 heratnorth
4256 0 0 mahe1971
4257 0 0 makassar
4258 0 0 etrs89 europeanterrestrialreferencesystem1989ensemble etrs89grs80 etrs1989 europeanterrestrialreferencesystem1989
4259 0 0 malongo1987
4261 0 0 merchich
4262 0 0 massawa
4263 0 13 minna
4265 0 11 montemario rome1940 roma40
4266 0 0 mporaloko
4267 0 28 nad27 northamericandatum1927 nad27latlon northamerican1927
4269 0 2 nad83 northamericandatum1983 nad831986 nad831986latlon nad83original northamerican1983
4270 0 10 nahrwan1967
4271 0 0 naparima1972
4272 0 21 nzgd49 newzealandgeodeticdatum1949 gd49 nzgd1949latlon newzealand1949
4273 0 0 ngo1948
4274 0 0 datum73 d73
4275 0 5 ntf nouvelletriangulationfrancaise
4276 0 300 nswc9z2
4277 0 2 osgb36 ordnancesurveyofgreatbritain1936 osgb1936
4278 0 300 osgb70 osgb1970sn
4279 0 300 ossn80 ossn1980
4281 0 0 palestine1923 oldisraelidatum oid
4282 0 8 pointenoire congo1960pointenoire
4283 0 0 gda94 geocentricdatumofaustralia1994 gda94latlon gda1994
4284 0 3 pulkovo1942
4285 0 0 qatar1974 qatar
4286 0 300 qatar1948
4288 0 300 lomaquintana
4289 0 0 amersfoort rdbessel
4292 0 0 sapperhill1943
4293 0 0 schwarzeck
4295 0 300 serindung
4297 0 0 tananarive tananarive1925
4298 0 2 timbalai1948 timbalai1968 bt68 borneotriangulationof1968
4299 0 0 tm65 ire65
4300 0 0 tm75 geodeticdatumof1965 1975mappingadjustment
4301 0 6 tokyo tokyo1918
4302 0 0 trinidad1903
4303 0 300 tc1948 trucialcoast1948
4304 0 0 voirol1875
4306 0 300 bern1938
4307 0 0 nordsahara1959
4308 0 300 rt38 stockholm1938 riketskoordinatsystem1938
4309 0 0 yacare rouusams
4310 0 0 yoff
4311 0 0 zanderij
4312 0 0 mgi militargeographischeinstitut hermannskogel
4313 0 0 bd72 reseaunationalbelge1972 belge1972
4314 0 3 dhdn deutscheshauptdreiecksnetz potsdam
4315 0 0 conakry1905
4316 0 0 dealulpiscului1930 dealulpiscului1933
4318 0 0 ngn nationalgeodeticnetwork
4319 0 0 kudams kuwaitutility
4322 0 0 wgs72 worldgeodeticsystem1972 wgs1972
4324 0 0 wgs72be wgs72transitbroadcastephemeris wgs1972be
4475 0 0 cadastre1997
4555 0 300 newbeijing
4558 0 0 rraf1991 reseaudereferencedesantillesfrancaises1991 rraf91
4601 0 0 antigua1943
4602 0 0 dominica1945
4603 0 0 grenada1953
4604 0 0 montserrat1958 montserrat58
4605 0 0 stkitts1955
4606 0 0 stlucia1955
4607 0 0 stvincent1945
4608 0 300 nad2776 northamericandatum19271976 nad27may76latlon nad1927definition1976
4609 0 300 nad27cgq77 northamericandatum1927cgq77 cgq77 nad27cgq77latlon nad1927cgq77
4611 0 0 hongkong1980 hk1980 hk80
4613 0 7 segara gunungsegara p2exct9 p2exc
4614 0 0 qnd95 qatarnationaldatum1995 qnd1995
4615 0 0 portosanto portosanto1936 basese madeirasebase
4616 0 0 selvagemgrande marcoastro selvagemgrande1938
4617 2945 0 nad83csrs nad83canadianspatialreferencesystem northamerican1983csrs
4618 0 17 sad69 southamericandatum1969 southamerican1969
4620 0 0 point58 12thparalleltraverse
4621 0 0 fortmarigot
4622 0 0 guadeloupe1948 sainteanne
4623 0 0 csg67 centrespatialguyanais1967 csg1967
4625 0 0 martinique1938 fortdesaix
4626 0 0 reunion1947 pitondesneiges
4628 0 0 tahiti52 tahiti tahiti1952 ign1952
4629 0 0 tahaa54 tahaa tahaa1954
4630 0 149 ign72nukuhiva
4632 0 0 combani1950
4633 0 0 ign56lifou
4636 0 0 petrels1972
4637 0 0 perroud1950 pointegeologieperroud1950
4638 0 0 saintpierreetmiquelon1950 stpierremiquelon1950 stpierreetmiquelon1950
4639 0 0 mop78 uveashom1978
4641 0 0 ign53mare
4642 0 0 st84iledespins
4643 0 0 st71belep
4644 0 0 nea74noumea
4646 0 0 grandcomoros ign50
4657 0 0 reykjavik1900
4658 0 0 hjorsey1955
4660 0 0 helle1954
4662 0 0 ign72grandeterre mhnc72
4663 0 0 portosanto1995 madeirasebase1995
4664 0 0 azoresoriental1995 azoresorientalislands1995
4665 0 0 azorescentral1995 azorescentralislands1995
4666 0 0 lisbon1890
4668 0 0 ed79 europeandatum1979 european1979
4671 0 300 voirol1879
4672 0 0 chathamislands1971 chathamislandsdatum1971 ci1971 chathamisland1971
4673 0 0 chathamislands1979 chathamislandsdatum1979 ci1979
4676 0 0 vientiane1982
4677 0 0 lao1993
4678 0 0 lao1997 laonationaldatum1997
4679 0 0 jouik1961
4680 0 0 nouakchott1965
4682 0 0 gulshan303
4683 0 0 prs92 philippinereferencesystem1992 newluzon prs1992 modifiedluzondatum
4684 0 0 gan1970
4688 0 0 fatuiva72 mhefo55 fatuiva1972
4689 0 2 ign63hivaoa
4690 0 0 tahiti79 ign79tahiti tahiti1979
4691 0 0 moorea87 moorea1987
4692 0 0 maupiti83 mop1983 maupiti1983
4693 0 0 nakhleghanem
4695 0 0 katanga1955
4696 0 300 kasai1953
4697 0 300 igc19626thparallelsouth igc1962arcofthe6thparallelsouth igc1962
4698 0 0 ign1962kerguelen kerguelenisland1949
4699 0 0 lepouce1934 lepoucemauritius94 lepoucemauritiuspn94
4700 0 300 ignastro1960 mauritanianminingcadastre1999
4701 0 0 igcb1955 institutgeographiqueducongobelge1955 bascongo1955
4703 0 300 mhast1951 missaohidrograficoangolaysaotome1951
4704 0 300 mhastonshore
4705 0 26 mhastoffshore
4706 0 0 egyptgulfofsuezs650tl s650tl
4707 0 0 ternisland1961
4708 0 0 cocosislands1965 anna11965
4709 0 0 iwojima1945 beacone1945
4710 0 0 astrodos71 astrodos714 sthelena1971 dos714
4711 0 0 marcusisland1952 astro1952
4712 0 0 ascensionisland1958
4713 0 0 ayabellelighthouse ayabelle
4714 0 0 bellevue bellevueign
4715 0 0 campareaastro camparea
4716 0 0 phoenixislands1966 canton1966
4717 0 0 capecanaveral
4718 0 0 solomon1968
4719 0 0 easterisland1967
4720 0 0 fiji1986 fijigeodeticdatum1986 fgd1986
4721 0 0 fiji1956
4722 0 0 southgeorgia1968 ists0611968
4723 0 0 gcgd59 grandcaymangeodeticdatum1959 grandcayman1959
4724 0 0 diegogarcia1969 ists0731969
4725 0 0 johnstonisland1961 johnstonatoll1961
4726 0 0 sigd61 sisterislandsgeodeticdatum1961 littlecayman1961 littlecaymangeodeticdatum1961
4727 0 0 midway1961
4728 0 0 pn84 picodelasnieves1984 picodelasnieves
4729 0 0 pitcairn1967
4730 0 0 santo1965 santodos santodos1965
4732 0 0 marshallislands1960 wakeeniwetok1960
4733 0 0 wakeisland1952
4734 0 0 tristan1968
4735 0 0 kusaie1951
4736 0 0 deceptionisland
4738 0 300 hongkong1963 hk63
4739 0 0 hongkong196367 hk6367
4740 0 3 pz90 parametryzemli1990 pz1990 parametropzemp1990
4741 0 3 fd54 faroedatum1954 fd1954
4743 0 0 karbala1979 karbala1979polservice
4744 0 0 nahrwan1934
4745 0 3 rd83 rauenbergdatum83 rauenberg1983
4746 0 3 pd83 potsdamdatum83 potsdam1983
4748 0 0 vanualevu1915 vanualevu1917
4750 0 0 st87ouvea
4751 0 0 kertaurso
4752 0 0 vitilevu1912
4753 0 300 fk89 fd54a
4754 0 0 lgd2006 libyangeodeticdatum2006
4756 0 0 vn2000 vietnam2000
4759 0 0 nad83nsrs2007 nad83nationalspatialreferencesystem2007 nad832007latlon nad1983nsrs2007
4760 0 300 wgs66 worldgeodeticsystem1966 wgs1966
4801 0 0 bern1898bern ch1903bern
4802 0 0 bogota1975bogota bogotabogota
4803 0 0 lisbonlisbon lisbon1937lisbon dlx
4804 0 0 makassarjakarta
4805 0 11 mgiferro militargeographischeinstitutferro
4806 0 0 montemariorome rome1940rome
4807 27561 0 ntfparis nouvelletriangulationfrancaiseparis
4809 0 300 bd50brussels reseaunationalbelge1950brussels belge1950brussels
4810 29701 0 tananariveparis tananarive1925paris
4813 0 0 bataviajakarta genukjakarta
4814 0 300 rt38stockholm stockholm1938stockholm
4815 0 196 greekathens
4817 0 0 ngo1948oslo
4818 0 3 sjtskferro systemoftheunifiedtrigonometricalcadastralnetworkferro systmjednotntrigonometrickstkatastrlnferro systmjednotnejtrigonometrickejsietekatastrlnejferro
4820 0 0 segarajakarta gunungsegarajakarta sambojajakarta
4823 0 300 saotome fortaleza islandofsaotomedatum
4824 0 300 principe morrodopapagaio islandofprincipedatum
4901 27500 300 atfparis anciennetriangulationfrancaiseparis atf
4903 0 300 madrid1870madrid madrid madrid1870
4904 0 0 lisbon1890lisbon
5132 0 502 tokyo1892 tokyo1898
5228 0 0 sjtsk05 systemoftheunifiedtrigonometricalcadastralnetwork05 systmjednotntrigonometrickstkatastrln05
5229 0 0 sjtsk05ferro systemoftheunifiedtrigonometricalcadastralnetwork05ferro systmjednotntrigonometrickstkatastrln05ferro
5233 0 0 sld99 srilankadatum1999
5252 0 0 turef turkishnationalreferenceframe
5365 0 0 cr05 costarica2005
5451 0 10 ocotepeque1935
5464 0 300 sibungorge1922
5467 0 300 panamacolon1911 balboa panamcoln1911
5489 0 0 rgaf09 reseaugeodesiquedesantillesfrancaises2009 rgaf09latlon
5524 0 300 corregoalegre1961
5527 0 0 sad6996 southamericandatum196996 sad196996
5561 0 0 ucs2000 ukraine2000
5681 0 0 dbref deutschebahnreferencesystem dbref2003 dbref2016
6207 0 0 nepal1981 nepalnagarkot
6311 0 0 cgrs93 cyprusgeodeticreferencesystem1993 cgrs1993
6318 0 0 nad832011 nad83nationalspatialreferencesystem2011 nad832011epoch2010latlon nad19832011
6783 0 0 nad83cors96 nad83continuouslyoperatingreferencestation1996 nad83cors96epoch19970latlon nad83cors96epoch20020latlon nad1983cors96
6881 0 0 aden1925
6882 0 0 bekaavalley1920
6883 0 0 bioko
6892 0 0 southeastisland1943
6894 0 0 gambia
6983 0 0 ig05intermediatecrs ig05intermediatedatum
6990 0 0 ig0512intermediatecrs ig0512intermediatedatum ig052012intermediatecrs ig052012intermediatedatum
7136 0 0 igd05 israeligeodeticdatum2005 israelgeodeticdatum2005
7844 0 0 gda2020 geocentricdatumofaustralia2020 gda2020latlon
8042 0 300 gusterbergferro ssc stablecadastre
8043 0 300 ststephenferro
8232 0 0 nad83csrs96 northamericandatumof1983csrs96 nad83csrs96v1latlon nad83csrs96v1 nad83csrsv1
8237 0 0 nad83csrsv2 northamericandatumof1983csrsversion2 nad83csrsv2latlon nad83csrs1997
8240 0 0 nad83csrsv3 northamericandatumof1983csrsversion3 nad83csrsv3latlon
8246 0 0 nad83csrsv4 northamericandatumof1983csrsversion4 nad83csrsv4latlon nad83csrs2002
8249 0 0 nad83csrsv5 northamericandatumof1983csrsversion5 nad83csrsv5latlon nad83csrs2005
8252 0 0 nad83csrsv6 northamericandatumof1983csrsversion6 nad83csrsv6latlon nad83csrs2010
8255 0 0 nad83csrsv7 northamericandatumof1983csrsversion7 nad83csrsv7latlon
8351 0 0 sjtskjtsk03 systemoftheunifiedtrigonometricalcadastralnetworkjtsk03 systmjednotnejtrigonometrickejsietekatastrlnejjtsk03
8428 0 0 macao1920
8694 0 0 camacupa2015
8818 0 0 mtrf2000 momraterrestrialreferenceframe2000 mgd2000
8860 0 0 nad83fbn nad83federalbasenetwork nad832002prvi nad832002as nad832002gu nad83fbnlatlon nad1983fbn nad1983federalbasenetwork
8907 0 0 crsirgas cr14
8990 0 0 itrf90 internationalterrestrialreferenceframe1990 itrf90latlon itrf1990 iersterrestrialreferenceframe1990
9000 0 2 itrf2014 internationalterrestrialreferenceframe2014 itrf2014latlon
9248 0 0 tapiaike
9251 0 0 mmn ministeriodemarinanorte
9253 0 0 mms ministeriodemarinasur
9294 0 0 ongd17 omannationalgeodeticdatum2017
9333 0 0 ksagrf17 kingdomofsaudiarabiageodeticreferenceframe2017 ksagrf17latlon
9403 0 0 pn68 picodelasnieves1968
9475 0 3 pz9011 parametryzemli199011
`;

/** Projected systems whose shift is not that of their datum: the code, and names. */
const SYSTEMS = `
3912 mgi1901slovenenationalgrid d48gk
6204 macedoniastatecoordinatesystem mgi1901macedoniagk mgi1901macedoniagausskruger mscs macedonianstatecoordinatesystem
6316 mgi1901balkanszone7 macedoniastatecoordinatesystemzone7 bhgkzone7 mgi1901gausskrugerzone7 mscszone7
8677 mgi1901balkanszone5 hdkszone5 d48zone5 hrhdkshrtm bhgkzone5 mgi1901gausskrugerzone5
8679 mgi1901balkanszone8 mgi1901gausskrugerzone8
8686 mgi1901sloveniagrid sid48sitm d48sloveniagrid
9945 macedoniastatecoordinatesystemtruncated mgi1901macedoniagktruncated mgi1901macedoniagausskrugertruncated mscstruncated
2737 teteutmzone37s
3563 oldhawaiianhawaiizone3 oldhawaiianspzone3 oldhawaiianstateplanehawaii3fips5103
3564 oldhawaiianhawaiizone4 oldhawaiianspzone4 oldhawaiianstateplanehawaii4fips5104
24305 kalianpur1937utmzone45n kalianpur37utm45n
24306 kalianpur1937utmzone46n kalianpur37utm46n
24375 kalianpur1937indiazoneiib kalianpur37indiaiib
2195 nad83harnutmzone2s nad83hpgnutmzone2s nad83harnutm2s nad1983harnutmzone2s
2759 nad83harnalabamaeast nad83hpgnalabamaeast nad83harnalabamaeastm nad83harnalem nad1983harnstateplanealabamaeastfips0101
2760 nad83harnalabamawest nad83hpgnalabamawest nad83harnalabamawestm nad83harnalwm nad1983harnstateplanealabamawestfips0102
2764 nad83harnarkansasnorth nad83hpgnarkansasnorth nad83harnarkansasnorthm nad83harnarnm nad1983harnstateplanearkansasnorthfips0301
2765 nad83harnarkansassouth nad83hpgnarkansassouth nad83harnarkansassouthm nad83harnarsm nad1983harnstateplanearkansassouthfips0302
2775 nad83harnconnecticut nad83hpgnconnecticut nad83harnconnecticutm nad83harnctm nad1983harnstateplaneconnecticutfips0600
2776 nad83harndelaware nad83hpgndelaware nad83harndelawarem nad1983harnstateplanedelawarefips0700
2777 nad83harnfloridaeast nad83hpgnfloridaeast nad83harnfloridaeastm nad83harnflem nad1983harnstateplanefloridaeastfips0901
2778 nad83harnfloridawest nad83hpgnfloridawest nad83harnfloridawestm nad83harnflwm nad1983harnstateplanefloridawestfips0902
2779 nad83harnfloridanorth nad83hpgnfloridanorth nad83harnfloridanorthm nad83harnflnm nad1983harnstateplanefloridanorthfips0903
2780 nad83harngeorgiaeast nad83hpgngeorgiaeast nad83harngeorgiaeastm nad83harngaem nad1983harnstateplanegeorgiaeastfips1001
2781 nad83harngeorgiawest nad83hpgngeorgiawest nad83harngeorgiawestm nad83harngawm nad1983harnstateplanegeorgiawestfips1002
2782 nad83harnhawaiizone1 nad83hpgnhawaiizone1 nad83harnhawaiizone1m nad83harnhi1m nad1983harnstateplanehawaii1fips5101
2783 nad83harnhawaiizone2 nad83hpgnhawaiizone2 nad83harnhawaiizone2m nad83harnhi2m nad1983harnstateplanehawaii2fips5102
2784 nad83harnhawaiizone3 nad83hpgnhawaiizone3 nad83harnhawaiizone3m nad83harnhi3m nad1983harnstateplanehawaii3fips5103
2785 nad83harnhawaiizone4 nad83hpgnhawaiizone4 nad83harnhawaiizone4m nad83harnhi4m nad1983harnstateplanehawaii4fips5104
2786 nad83harnhawaiizone5 nad83hpgnhawaiizone5 nad83harnhawaiizone5m nad83harnhi5m nad1983harnstateplanehawaii5fips5105
2792 nad83harnindianaeast nad83hpgnindianaeast nad83harnindianaeastm nad83harninem nad1983harnstateplaneindianaeastfips1301
2793 nad83harnindianawest nad83hpgnindianawest nad83harnindianawestm nad83harninwm nad1983harnstateplaneindianawestfips1302
2798 nad83harnkentuckynorth nad83hpgnkentuckynorth nad83harnkentuckynorthm nad83harnkynm nad1983harnstateplanekentuckynorthfips1601
2799 nad83harnkentuckysouth nad83hpgnkentuckysouth nad83harnkentuckysouthm nad83harnkysm nad1983harnstateplanekentuckysouthfips1602
2800 nad83harnlouisiananorth nad83hpgnlouisiananorth nad83harnlouisiananorthm nad83harnlanm nad1983harnstateplanelouisiananorthfips1701
2801 nad83harnlouisianasouth nad83hpgnlouisianasouth nad83harnlouisianasouthm nad83harnlasm nad1983harnstateplanelouisianasouthfips1702
2804 nad83harnmaryland nad83hpgnmaryland nad83harnmarylandm nad1983harnstateplanemarylandfips1900
2805 nad83harnmassachusettsmainland nad83hpgnmassachusettsmainland nad83harnmassachusettsmainlandm nad83harnmamdm nad1983harnstateplanemassachusettsmainlandfips2001
2806 nad83harnmassachusettsisland nad83hpgnmassachusettsisland nad83harnmassachusettsislandm nad83harnmaism nad1983harnstateplanemassachusettsislandfips2002
2813 nad83harnmississippieast nad83hpgnmississippieast nad83harnmississippieastm nad83harnmsem nad1983harnstateplanemississippieastfips2301
2814 nad83harnmississippiwest nad83hpgnmississippiwest nad83harnmississippiwestm nad83harnmswm nad1983harnstateplanemississippiwestfips2302
2815 nad83harnmissourieast nad83hpgnmissourieast nad83harnmissourieastm nad83harnmoem nad1983harnstateplanemissourieastfips2401
2824 nad83harnnewjersey nad83hpgnnewjersey nad83harnnewjerseym nad1983harnstateplanenewjerseyfips2900
2829 nad83harnnewyorkcentral nad83hpgnnewyorkcentral nad83harnnewyorkcentralm nad83harnnycm nad1983harnstateplanenewyorkcentralfips3102
2830 nad83harnnewyorkwest nad83hpgnnewyorkwest nad83harnnewyorkwestm nad83harnnywm nad1983harnstateplanenewyorkwestfips3103
2831 nad83harnnewyorklongisland nad83hpgnnewyorklongisland nad83harnnewyorklongislandm nad83harnnylim nad1983harnstateplanenewyorklongislandfips3104
2834 nad83harnohionorth nad83hpgnohionorth nad83harnohionorthm nad1983harnstateplaneohionorthfips3401
2835 nad83harnohiosouth nad83hpgnohiosouth nad83harnohiosouthm nad1983harnstateplaneohiosouthfips3402
2840 nad83harnrhodeisland nad83hpgnrhodeisland nad83harnrhodeislandm nad83harnrim nad1983harnstateplanerhodeislandfips3800
2843 nad83harntennessee nad83hpgntennessee nad83harntennesseem nad1983harnstateplanetennesseefips4100
2848 nad83harntexassouth nad83hpgntexassouth nad83harntexassouthm nad83harntxsm nad1983harnstateplanetexassouthfips4205
2853 nad83harnvirginianorth nad83hpgnvirginianorth nad83harnvirginianorthm nad83harnvanm nad1983harnstateplanevirginianorthfips4501
2854 nad83harnvirginiasouth nad83hpgnvirginiasouth nad83harnvirginiasouthm nad83harnvasm nad1983harnstateplanevirginiasouthfips4502
2857 nad83harnwestvirginianorth nad83hpgnwestvirginianorth nad83harnwestvirginianorthm nad83harnwvnm nad1983harnstateplanewestvirginianorthfips4701
2858 nad83harnwestvirginiasouth nad83hpgnwestvirginiasouth nad83harnwestvirginiasouthm nad83harnwvsm nad1983harnstateplanewestvirginiasouthfips4702
2866 nad83harnpuertoricoandvirginis nad83hpgnpuertoricoandvirginis nad83harnprandvi nad1983harnstateplanepuertoricovirginislandsfips5200
2879 nad83harnconnecticutftus nad83hpgnconnecticutftus nad83harnctftus nad1983harnstateplaneconnecticutfips0600feet
2880 nad83harndelawareftus nad83hpgndelawareftus nad83harndeftus nad1983harnstateplanedelawarefips0700feet
2881 nad83harnfloridaeastftus nad83hpgnfloridaeastftus nad83harnfleftus nad1983harnstateplanefloridaeastfips0901feet
2882 nad83harnfloridawestftus nad83hpgnfloridawestftus nad83harnflwftus nad1983harnstateplanefloridawestfips0902feet
2883 nad83harnfloridanorthftus nad83hpgnfloridanorthftus nad83harnflnftus nad1983harnstateplanefloridanorthfips0903feet
2884 nad83harngeorgiaeastftus nad83hpgngeorgiaeastftus nad83harngaeftus nad1983harnstateplanegeorgiaeastfips1001feet
2885 nad83harngeorgiawestftus nad83hpgngeorgiawestftus nad83harngawftus nad1983harnstateplanegeorgiawestfips1002feet
2891 nad83harnkentuckynorthftus nad83hpgnkentuckynorthftus nad83harnkynftus nad1983harnstateplanekentuckynorthfips1601feet
2892 nad83harnkentuckysouthftus nad83hpgnkentuckysouthftus nad83harnkysftus nad1983harnstateplanekentuckysouthfips1602feet
2893 nad83harnmarylandftus nad83hpgnmarylandftus nad83harnmdftus nad1983harnstateplanemarylandfips1900feet
2894 nad83harnmassachusettsmainlandftus nad83hpgnmassachusettsmainlandftus nad83harnmamdftus nad1983harnstateplanemassachusettsmainlandfips2001feet
2895 nad83harnmassachusettsislandftus nad83hpgnmassachusettsislandftus nad83harnmaisftus nad1983harnstateplanemassachusettsislandfips2002feet
2899 nad83harnmississippieastftus nad83hpgnmississippieastftus nad83harnmseftus nad1983harnstateplanemississippieastfips2301feet
2900 nad83harnmississippiwestftus nad83hpgnmississippiwestftus nad83harnmswftus nad1983harnstateplanemississippiwestfips2302feet
2906 nad83harnnewyorkcentralftus nad83hpgnnewyorkcentralftus nad83harnnycftus nad1983harnstateplanenewyorkcentralfips3102feet
2907 nad83harnnewyorkwestftus nad83hpgnnewyorkwestftus nad83harnnywftus nad1983harnstateplanenewyorkwestfips3103feet
2908 nad83harnnewyorklongislandftus nad83hpgnnewyorklongislandftus nad83harnnyliftus nad1983harnstateplanenewyorklongislandfips3104feet
2915 nad83harntennesseeftus nad83hpgntennesseeftus nad83harntnftus nad1983harnstateplanetennesseefips4100feet
2920 nad83harntexassouthftus nad83hpgntexassouthftus nad83harntxsftus nad1983harnstateplanetexassouthfips4205feet
2924 nad83harnvirginianorthftus nad83hpgnvirginianorthftus nad83harnvanftus nad1983harnstateplanevirginianorthfips4501feet
2925 nad83harnvirginiasouthftus nad83hpgnvirginiasouthftus nad83harnvasftus nad1983harnstateplanevirginiasouthfips4502feet
2967 nad83harnindianaeastftus nad83hpgnindianaeastftus nad83harnineftus nad1983harnstateplaneindianaeastfips1301feet
2968 nad83harnindianawestftus nad83hpgnindianawestftus nad83harninwftus nad1983harnstateplaneindianawestfips1302feet
3087 nad83harnfloridagdlalbers nad83hpgnfloridagdlalbers nad83harnflgdlaea nad1983harnfloridagdlalbers
3090 nad83harnkentuckysinglezone ky1z nad83hpgnkentuckysinglezone nad83harnkentuckysinglezonem nad83harnky1z nad1983harnstateplanekentuckyfips1600
3091 nad83harnkentuckysinglezoneftus nad83hpgnkentuckysinglezoneftus nad83harnky1zftus ky1z nad1983harnstateplanekentuckyfips1600feet
3358 nad83harnnorthcarolina nad83hpgnnorthcarolina nad83harnnorthcarolinam nad83harnncm nad1983harnstateplanenorthcarolinafips3200
3360 nad83harnsouthcarolina nad83hpgnsouthcarolina nad83harnsouthcarolinam nad83harnscm nad1983harnstateplanesouthcarolinafips3900
3361 nad83harnsouthcarolinaft nad83hpgnsouthcarolinaft nad83harnscftus nad1983harnstateplanesouthcarolinafips3900feetintl
3362 nad83harnpennsylvanianorth nad83hpgnpennsylvanianorth nad83harnpennsylvanianorthm nad83harnpanm nad1983harnstateplanepennsylvanianorthfips3701
3363 nad83harnpennsylvanianorthftus nad83hpgnpennsylvanianorthftus nad83harnpanftus nad1983harnstateplanepennsylvanianorthfips3701feet
3364 nad83harnpennsylvaniasouth nad83hpgnpennsylvaniasouth nad83harnpennsylvaniasouthm nad83harnpasm nad1983harnstateplanepennsylvaniasouthfips3702
3365 nad83harnpennsylvaniasouthftus nad83hpgnpennsylvaniasouthftus nad83harnpasftus nad1983harnstateplanepennsylvaniasouthfips3702feet
3404 nad83harnnorthcarolinaftus nad83hpgnnorthcarolinaftus nad83harnncftus nad1983harnstateplanenorthcarolinafips3200feet
3432 nad83harnnewjerseyftus nad83hpgnnewjerseyftus nad83harnnjftus nad1983harnstateplanenewjerseyfips2900feet
3441 nad83harnarkansasnorthftus nad83hpgnarkansasnorthftus nad83harnarnftus nad1983harnstateplanearkansasnorthfips0301feet
3442 nad83harnarkansassouthftus nad83hpgnarkansassouthftus nad83harnarsftus nad1983harnstateplanearkansassouthfips0302feet
3446 nad83harnrhodeislandftus nad83hpgnrhodeislandftus nad83harnriftus nad1983harnstateplanerhodeislandfips3800feet
3456 nad83harnlouisiananorthftus nad83hpgnlouisiananorthftus nad83harnlanftus nad1983harnstateplanelouisiananorthfips1701feet
3457 nad83harnlouisianasouthftus nad83hpgnlouisianasouthftus nad83harnlasftus nad1983harnstateplanelouisianasouthfips1702feet
3748 nad83harnutmzone18n nad83hpgnutmzone18n nad83harnutm18n nad1983harnutmzone18n
3750 nad83harnutmzone4n nad83hpgnutmzone4n nad83harnutm4n nad1983harnutmzone4n
3751 nad83harnutmzone5n nad83hpgnutmzone5n nad83harnutm5n nad1983harnutmzone5n
3753 nad83harnohionorthftus nad83harnohnftus nad83hpgnohionorthftus nad1983harnstateplaneohionorthfips3401feet
3754 nad83harnohiosouthftus nad83harnohsftus nad83hpgnohiosouthftus nad1983harnstateplaneohiosouthfips3402feet
3760 nad83harnhawaiizone3ftus nad83hpgnhawaiizone3ftus nad83harnhi3ftus nad1983harnstateplanehawaii3fips5103feet
3815 nad83harnmississippitm nad83harnmstm nad83hpgnmississippitm nad1983harnmississippitm
3969 nad83harnvirginialambert nad83harnvalcc nad83hpgnvirginialambert nad1983harnvirginialambert
4414 nad83harnguammapgrid ggn93guammapgrid guamgeodeticnetwork1993guammapgrid nad83guammapgrid nad83hpgnguammapgrid nad1983harnguammapgrid
26861 nad83harnwestvirginianorthftus nad83hpgnwestvirginianorthftus nad83harnwvnftus nad1983harnstateplanewestvirginianorthfips4701feet
26862 nad83harnwestvirginiasouthftus nad83hpgnwestvirginiasouthftus nad83harnwvsftus nad1983harnstateplanewestvirginiasouthfips4702feet
2136 accraghananationalgrid accragoldcoastgrid accraghananatgrid accraghanagrid
2397 pulkovo1942833degreegausskrugerzone3 pulkovo194283gausskrugerzone3 de4283gk3 pulkovo42833gkzn3 pulkovo1942adj19833degreegkzone3
3834 pulkovo194283gausskrugerzone2 pulkovo1942836degreegausskrugerzone2 s42zone2 pulkovo4283gkzn2 pulkovo1942adj1983gkzone2
5664 pulkovo194283gausskrugerzone2en pulkovo1942836degreegausskrugerzone2 s42zone2 pulkovo4283gkzn2 pulkovo1942adj1983gkzone2en
5673 pulkovo1942833degreegausskrugerzone3en pulkovo194283gausskrugerzone3 de4283gk3 pulkovo42833gkzn3 pulkovo1942adj19833degreegkzone3en
2172 pulkovo194258polandzoneii pl42581965 system1965zoneii pulkovo1942adj1958polandzoneii
2173 pulkovo194258polandzoneiii pl42581965 system1965zoneiii pulkovo1942adj1958polandzoneiii
2174 pulkovo194258polandzoneiv pl42581965 system1965zoneiv pulkovo1942adj1958polandzoneiv
2175 pulkovo194258polandzonev pl42581965 system1965zonev pulkovo1942adj1958polandzonev
3120 pulkovo194258polandzonei pl42581965 system1965zonei pulkovo1942adj1958polandzonei
3328 pulkovo194258gugik80 systemgugik80 pulkovo1942adj1958gugik80
3329 pulkovo1942583degreegausskrugerzone5 system1942153 pulkovo42583gkzn5 pulkovo1942adj19583degreegkzone5
3333 pulkovo194258gausskrugerzone3 system1942156 s42zone3 pulkovo1942586degreegausskrugerzone3 pulkovo4258gkzn3 pulkovo1942adj1958gkzone3
3334 pulkovo194258gausskrugerzone4 system1942216 s42zone4 s42zone34 pulkovo1942586degreegausskrugerzone4 pulkovo4258gkzn4 pulkovo1942adj1958gkzone4
5663 pulkovo194258gausskrugerzone3en system1942156 s42zone3 pulkovo1942586degreegausskrugerzone3 pulkovo4258gkzn3 pulkovo1942adj1958gkzone3en
5672 pulkovo1942583degreegausskrugerzone5en system1942153 pulkovo42583gkzn5 pulkovo1942adj19583degreegkzone5en
20135 adindanutmzone35n bluenile1958utmzone35n
20138 adindanutmzone38n bluenile1958utmzone38n
3110 agd66vicgrid66 vicgrid agd1966vicgrid
20252 agd66amgzone52 agd1966amgzone52
20253 agd66amgzone53 agd1966amgzone53
20255 agd66amgzone55 agd1966amgzone55
20256 agd66amgzone56 agd1966amgzone56
20822 aratuutmzone22s
20823 aratuutmzone23s
21097 arc1960utmzone37n
2308 bataviatm109se genuktm109se
21899 bogota1975colombiaeastzone bogotacolombia6e colombiaeastzone
4071 chuautmzone23s
2206 ed503degreegausskrugerzone9 ed50turkeyzone9 ed19503degreegkzone9
2207 ed503degreegausskrugerzone10 ed50turkeyzone10 ed19503degreegkzone10
2208 ed503degreegausskrugerzone11 ed50turkeyzone11 ed19503degreegkzone11
2209 ed503degreegausskrugerzone12 ed50turkeyzone12 ed19503degreegkzone12
2210 ed503degreegausskrugerzone13 ed50turkeyzone13 ed19503degreegkzone13
2211 ed503degreegausskrugerzone14 ed50turkeyzone14 ed19503degreegkzone14
2212 ed503degreegausskrugerzone15 ed50turkeyzone15 ed19503degreegkzone15
2319 ed50tm27 ed503degreegausskrugercm27e tred50trtm ed1950tm27
2320 ed50tm30 ed503degreegausskrugercm30e tred50trtm ed1950tm30
2321 ed50tm33 ed503degreegausskrugercm33e tred50trtm ed1950tm33
2322 ed50tm36 ed503degreegausskrugercm36e tred50trtm ed1950tm36
2323 ed50tm39 ed503degreegausskrugercm39e tred50trtm ed1950tm39
2324 ed50tm42 ed503degreegausskrugercm42e tred50trtm ed1950tm42
2325 ed50tm45 ed503degreegausskrugercm45e tred50trtm ed1950tm45
3066 ed50jordantm ed50jordantransversemercator ed1950jordantm
3893 ed50iraqnationalgrid ed50iraqnatgrid ed1950iraqnationalgrid
5627 ed50tm6ne ed1950tm6ne
23028 ed50utmzone28n esed50utmseealiasremarks ed1950utmzone28n
23031 ed50utmzone31n esed50utmseealiasremarks ed1950utmzone31n
23032 ed50utmzone32n dked50utmseealiasremarks ited50utmseealiasremarks ed1950utmzone32n
23033 ed50utmzone33n dked50utmseealiasremarks ited50utmseealiasremarks ed1950utmzone33n
23038 ed50utmzone38n tred50utmseealiasremarks ed1950utmzone38n
23095 ed50tm5ne ed1950tm5ne
24048 indian1975utmzone48n indian1975utm48n
2317 psad56icnregional psad1956icnregional
24817 psad56utmzone17n psad1956utmzone17n
24818 psad56utmzone18n psad1956utmzone18n
24819 psad56utmzone19n psad1956utmzone19n
24820 psad56utmzone20n psad1956utmzone20n
24821 psad56utmzone21n psad1956utmzone21n
24878 psad56utmzone18s psad1956utmzone18s
24879 psad56utmzone19s psad1956utmzone19s
24880 psad56utmzone20s psad1956utmzone20s
24881 psad56utmzone21s psad1956utmzone21s
24882 psad56utmzone22s psad1956utmzone22s
24893 psad56perueastzone perueastzone
2083 hitoxviii1963argentina2 hitoxviii1963argentinazone2 hitoxviii1963gausskrugerzone2 hitoxviiiargentina2
3370 nad27utmzone59n nad1927utmzone59n
3371 nad27utmzone60n nad1927utmzone60n
4399 nad27blm59nftus nad27utmzone59nftus nad1927blmzone59n
4400 nad27blm60nftus nad27utmzone60nftus nad1927blmzone60n
26740 nad27alaskazone10 nad1927stateplanealaska10fips5010
2501 pulkovo1942gausskrugercm63e pulkovo19426degreegausskrugercm63e pulkovo19426gk63e
2502 pulkovo1942gausskrugercm69e pulkovo19426degreegausskrugercm69e pulkovo19426gk69e
2503 pulkovo1942gausskrugercm75e pulkovo19426degreegausskrugercm75e pulkovo19426gk75e
2536 pulkovo19423degreegausskrugerzone20 pulkovo19423gkzn20 pulkovo19423degreegkzone20
2537 pulkovo19423degreegausskrugerzone21 pulkovo19423gkzn21 pulkovo19423degreegkzone21
2538 pulkovo19423degreegausskrugerzone22 pulkovo19423gkzn22 pulkovo19423degreegkzone22
2539 pulkovo19423degreegausskrugerzone23 pulkovo19423gkzn23 pulkovo19423degreegkzone23
2540 pulkovo19423degreegausskrugerzone24 pulkovo19423gkzn24 pulkovo19423degreegkzone24
2595 pulkovo19423degreegausskrugercm60e pulkovo19423gk60e pulkovo19423degreegkcm60e
2596 pulkovo19423degreegausskrugercm63e pulkovo19423gk63e pulkovo19423degreegkcm63e
2597 pulkovo19423degreegausskrugercm66e pulkovo19423gk66e pulkovo19423degreegkcm66e
2598 pulkovo19423degreegausskrugercm69e pulkovo19423gk69e pulkovo19423degreegkcm69e
2599 pulkovo19423degreegausskrugercm72e pulkovo19423gk72e pulkovo19423degreegkcm72e
2936 pulkovo1942cs63zonea2 pulkovo1942cs63a2
2937 pulkovo1942cs63zonea3 pulkovo1942cs63a3
2938 pulkovo1942cs63zonea4 pulkovo1942cs63a4
28411 pulkovo1942gausskrugerzone11 s42zone11 pulkovo19426degreegausskrugerzone11 pulkovo1942gkzone11
28412 pulkovo1942gausskrugerzone12 s42zone12 pulkovo19426degreegausskrugerzone12 pulkovo1942gkzone12
28413 pulkovo1942gausskrugerzone13 s42zone13 pulkovo19426degreegausskrugerzone13 pulkovo1942gkzone13
2933 segarautmzone50s sambojautmzone50s p2exct9utmzone50s gunungsegarautmzone50s
29101 sad69brazilpolyconic sad1969brazilpolyconic
29172 sad69utmzone22n sad1969utmzone22n
29190 sad69utmzone20s sad1969utmzone20s
29191 sad69utmzone21s sad1969utmzone21s
29192 sad69utmzone22s sad1969utmzone22s
29193 sad69utmzone23s sad1969utmzone23s
29194 sad69utmzone24s sad1969utmzone24s
29195 sad69utmzone25s sad1969utmzone25s
3296 rgpfutmzone5s
3297 rgpfutmzone6s
3298 rgpfutmzone7s
3299 rgpfutmzone8s
5897 vn2000tm3zone482 vn2000tm310500
5898 vn2000tm3zone491 vn2000tm310800
5899 vn2000tm310745 vn2000tm3danangzone
9207 vn2000tm310430
9209 vn2000tm310530
5343 posgar2007argentina1 posgar07argentina1 posgar2007gausskrugerzone1 posgar2007argentinazone1
5344 posgar2007argentina2 posgar2007gausskrugerzone2 posgar07argentina2 posgar2007argentinazone2
5345 posgar2007argentina3 posgar07argentina3 posgar2007gausskrugerzone3 posgar2007argentinazone3
5346 posgar2007argentina4 posgar07argentina4 posgar2007gausskrugerzone4 posgar2007argentinazone4
5347 posgar2007argentina5 posgar07argentina5 posgar2007gausskrugerzone5 posgar2007argentinazone5
5348 posgar2007argentina6 posgar07argentina6 posgar2007gausskrugerzone6 posgar2007argentinazone6
5349 posgar2007argentina7 posgar07argentina7 posgar2007gausskrugerzone7 posgar2007argentinazone7
9265 posgar2007utmzone19s
9498 posgar2007caba2019 cabap07
5367 cr05crtm05 crtm05
5456 ocotepeque1935costaricanorte ocotepequecostarican
5457 ocotepeque1935costaricasur ocotepequecrsur
7882 sthelenatritanshlgtritan wgs84tritansthelenashlgtritan
7883 sthelenatritanutmzone30s
9356 ksagrf17utmzone36n 955
9357 ksagrf17utmzone37n 956
9358 ksagrf17utmzone38n 957
9359 ksagrf17utmzone39n 958
9360 ksagrf17utmzone40n 959
`;

/** Two geographic systems, how good their transformation is in metres, and the shift from the first as towgs84. */
const DIRECT = `
4133 4258 0.1 0,0,0
4203 4283 1 -117.763,-51.51,139.061,0.292,0.443,0.277,-0.191
4258 5252 0.1 -0.023,-0.036,0.068,-0.00176,-0.00912,0.01136,-0.00439
4283 7844 0.01 0.06155,-0.01087,-0.04019,0.039492,0.032722,0.032898,-0.009994
4558 5489 0.1 0.7696,-0.8692,-12.0631,-0.32511,-0.21041,-0.0239,0.2829
5365 8907 0.5 -0.16959,0.35312,0.51846,0.03385,-0.16325,0.03446,0.03693
6983 7136 0 23.8085,17.5937,17.801,-0.3306,-1.85706,1.64828,-5.4374
8818 9333 0.1 0.0469,-0.2827,0.0866,0.00559,-0.004981,0.023108,-0.008051
`;

/** EPSG 1950 and its like: realizations of NAD83 are taken for one another, good to 2 m. */
const NAD83 = [4152, 4269, 4617, 4759, 6318, 6783, 8232, 8235, 8237, 8240, 8246, 8249, 8252, 8255, 8860];

interface Row {
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
}

/** The lines of a table, so many numbers each and then texts. */
function rowsOf(table: string, numbers: number): Row[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map((cells) => ({ numbers: cells.slice(0, numbers).map(Number), texts: cells.slice(numbers) }));
}

function byName(rows: readonly Row[]): Map<string, readonly number[]> {
  return new Map(rows.flatMap(({ numbers, texts }) => texts.map((name) => [name, numbers] as const)));
}

interface Tables {
  readonly datums: Map<string, readonly number[]>;
  readonly systems: Map<string, readonly number[]>;
  readonly direct: readonly Row[];
}

let made: Tables | null = null;

function tables(): Tables {
  made ??= {
    datums: byName(rowsOf(DATUMS, 3)),
    systems: byName(rowsOf(SYSTEMS, 1)),
    direct: rowsOf(DIRECT, 3),
  };
  return made;
}

/** @internal */
export const datumDatabase: DatumDatabase = {
  geodeticCode: (name) => tables().datums.get(plainDatumName(name))?.[0] ?? null,
  shiftCode(name, system) {
    const own = system === undefined ? undefined : tables().systems.get(plainDatumName(system));
    if (own !== undefined) return { code: own[0], metres: 0 };
    const row = tables().datums.get(plainDatumName(name));
    if (row === undefined) return null;
    const [code, projected, metres] = row;
    return { code: system === undefined || projected === 0 ? code : projected, metres };
  },
  between(from, to): DirectShift | null {
    if (NAD83.includes(from) && NAD83.includes(to)) return { shift: '0,0,0', metres: 2 };
    for (const { numbers, texts } of tables().direct) {
      const [a, b, metres] = numbers;
      if (a === from && b === to) return { shift: texts[0], metres };
      if (a === to && b === from) return { shift: reversed(texts[0]), metres };
    }
    return null;
  },
};

/** The other way, to first order in the rotations: 1e-6 m for shifts of this size. */
function reversed(shift: string): string {
  return shift
    .split(',')
    .map((value) => -Number(value))
    .join();
}
