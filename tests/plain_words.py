"""A thousand plain words of six languages, many of which contain others that servers forbid."""

from __future__ import annotations

_ENGLISH = """
assassin assembly assent assess asset assign assist associate assume assure glass class grass brass bass mass pass
compass embassy harass massive passage passenger passion passive password ambassador classic glasses grasshopper
cassette molasses cumin cucumber document circumstance accumulate scum cumulus incumbent circumference vacuum succumb
cumbersome talcum title titan titanic constitution institution competition petition appetite entitle partition
repetition superstition tithe analysis analogy canal banal signal penalty analyst manual annual final original
national regional personal seasonal gunwale begun shotgun gunpowder burgundy gunmetal legion gunner button butter
butterfly butler buttress tribute attribute contribute distribute abut debut sextant sextet therapist therapy grape
drape scrape skyscraper trapeze drapery grapefruit cocktail peacock cockpit cockatoo woodcock cocker cocoon dickens
dictionary benedict prediction verdict addict predicament shell hello helmet shelf othello seashell michelle bombshell
skill skillet killer kilogram painkiller kilt kilowatt shoe echoes whoever phoenix knob knock knot knowledge snob
raccoon tycoon cocoon lagoon monsoon spice spicy despicable auspicious conspicuous hospice damage damask madame
amsterdam macadam whistle history hitch architect white exhibit scrap scrape pesticide decide coincide weed weedy
tweed seaweed warm warrior toward reward steward warning dwarf swarm deadline deadlock dread ahead instead bombast
bombard honeycomb evildoer medieval devil village denude nudge popcorn corner scorn unicorn acorn race racecar grace
trace terrace bracelet embrace surface hatred chatter hate whatever drugstore drudge struggle alcohol sinister sincere
basin casino business cousin resin swordfish sword words keyword blood bloodhound fire firefly campfire sapphire rat
rather karate decorate pirate separate cat catalog catch educate vacation delicate location catering dog dogma
endogenous water mountain river forest ocean island desert valley morning evening winter summer autumn spring yellow
purple orange silver golden little bigger quiet silent gentle running jumping dancing flying swimming painting cooking
reading castle bridge tower garden market street harbour station window kitchen bedroom ceiling carpet curtain mirror
candle lantern
"""
_GERMAN = """
Klasse Masse Kasse Tasse Gasse Wasser Messer Fassade Massage Kassette Passant Assistent Assel Assoziation Terrasse
blass Analyse Kanal Signal Analogie Finale National Original Personal Regional Material Titel Petition Konstitution
Partition Institut Statistik Hintern Untergrund Urlaub Geburt Butter Button Attribut Tribut Debüt Geschichte Schichten
Nachricht Gesicht Aufsicht Absicht Kumpel Dokument Akkumulator Vakuum Hölle Schelle Helligkeit helfen Helm hell
Kapelle Modell Rebell Quelle Stelle Welle Zelle Sextant Sextett Rasen Vase Nase Phase Hase Toten Totem Kriegerin
Krieger Waffel Waffeleisen bewaffnen Blutorange Blüte Blutdruck Absolut Mordor Marmor Humor Rumor Tumor Drogerie
Prognose Hydrogen Schnacken Knackwurst Genick Hurrikan Uhren Spuren Figuren Kulturen Naturen Touren Marsch Barsch
Marschall harsch Schwanzlurch Schwan Tanz Glanz Kranz Ganz Titan Gestirn Stirn Stein Seite Kinderzimmer Rinder
Zylinder Blinder Messe Messing Bremse Abmessung Bombe Bomber Bombast Feuerwerk Feuer Abenteuer Steuer Gift Giftig
Vergiftung Mitgift Teufelskreis Zweifel Teufel Katze Katalog Delikatesse Dukaten Hund Hundert Jahrhundert Schund
Gesundheit Raten Braten Karaten Piraten Tomaten Rumpf Trumpf Strumpf Krume Weinen Schwein Wein Beweis Affe Kaffee
Giraffe Waffe Schaffen Wolke Regen Sonne Schnee Sturm Gebirge Strand Insel Brücke Turm Garten Markt Straße Bahnhof
Fenster Küche Zimmer Spiegel Kerze Laterne Frühling Sommer Herbst Winter langsam schnell leise laut fröhlich traurig
springen tanzen fliegen schwimmen malen kochen lesen Vogel Pferd Fuchs Igel Bär Blume Baum Wiese Wald Fluss
"""
_FRENCH = """
culture agriculture calcul ridicule particule véhicule circuler reculer matricule bascule crépuscule molécule
connaître connecter concert condition conseil conte contrat façon flacon balcon faucon second seconde reconnaître
déconcerter député réputation dispute amputer imputer computer habiter orbite débiter subite ambition exhibition
chienne chaîne archives chiffre chimie machine niche chien escalope salon salle merci commerce mercredi immerger
putois députer chateau achat rachat crachat château mortel mort amortir remords immortel mortier tuer tueur statuer
situer habituer armer larme alarme charme gendarme sang sanglot singe sanglier nuage nue ingénue menu continuer
sextant sextuor drogue androgyne viol violon violet violette violence viola feuille feu guerre guerrier aguerri crime
escrime discriminer bombe bombance colombe couteau goutte couture poison poisson empoisonner diable diabolo pistolet
piste fusil fusion haine chaîne haineux race racine trace terrasse grâce fou foule foulard rat rater rature nuageux
pluie soleil neige orage montagne plage île pont tour jardin marché rue gare fenêtre cuisine chambre miroir bougie
lanterne printemps été automne hiver lentement vite silence joyeux triste sauter danser voler nager peindre cuisiner
lire oiseau cheval renard hérisson ours fleur arbre prairie forêt fleuve bleu rouge jaune vert blanc noir matin soirée
étoile lune maison école bateau train avion vélo musique chanson
"""
_SPANISH = """
cálculo artículo vehículo ridículo círculo película músculo espectáculo calcular circular particular ocultar disputa
computadora reputación diputado imputar amputar polvo pólvora coger recoger acoger encoger escoger pene penetrar
penetración tetera tetraedro estética tomatero rematar matador muerte muerto arma armario alarma farmacia sangre
sangría desangrar sexteto sexto droga drogueria bomba bombilla bombero fuego juego guerra guerrero aguerrido negroni
alegro asesor asesino tasa casa masa tonto atontado mono monólogo monótono anotar humano verano piano hermano temprano
anónimo océano tirar estirar retirar robar probar comprobar veneno avena pistola epistolar rata barata tratar retrata
gato alegato regato obligatorio odio melodioso podio custodio local colocar feo nube lluvia sol nieve tormenta montaña
playa isla puente torre jardín mercado calle estación ventana cocina habitación espejo vela linterna primavera otoño
invierno despacio rápido silencio alegre triste saltar bailar volar nadar pintar cocinar leer pájaro caballo zorro
erizo oso flor árbol prado bosque río azul rojo amarillo verde blanco mañana tarde estrella luna escuela barco tren
avión bicicleta música canción
"""
_ITALIAN = """
calcolo ridicolo veicolo articolo ostacolo spettacolo circolo significare pacifica magnifica verifica classifica cane
canestro americane africane morte mortella ammortizzare arma armadio allarme farmacia armonia sangue sanguisuga
sessanta possesso ossesso droga idrogeno bomba bombola rimbomba fuoco focolare guerra guerriero nero numero genero
asso passo grasso tasso basso masso sasso palle spalle architetta perfetta protetta ladro squadrone quadro odio
melodioso custodio podio odiare rapa rapace terapia grappa terapeuta veleno matto mattone mattina ucciso pene
penetrare anonimo umano lontano piano vulcano seno senonché arsenale pisa pisano nuvola pioggia sole neve tempesta
montagna spiaggia isola ponte torre giardino mercato strada stazione finestra cucina camera specchio candela lanterna
primavera estate autunno inverno lentamente veloce silenzio allegro triste saltare ballare volare nuotare dipingere
cucinare leggere uccellino cavallo volpe riccio orso fiore albero prato bosco fiume azzurro rosso giallo verde bianco
sera stella luna casa scuola barca treno aereo bicicletta musica canzone
"""
_POLISH = """
kurz dupleks kot kotlet krew krewetka krewny wojna bomba bombka broń brona obronny śmierć sekstet rasa krasa prasa
terasa gaz gazeta magazyn mord mordent trup trupa diabeł nagi nagietek pies piesek rak rakieta pan panika kompania ser
serce rok rokoko prorok dom domek ogrodom las lasso klasa melasa oko okolica wysoko nos nosić diagnoza rana ranek
firana wino winogrono koń końcówka mak makaron smak sto stolica miasto lek lekcja bal balon kabal tor torba doktor
motor autor kap kapusta kara karawana para parasol aparat most mostek trawa strawa gra gramatyka program fotograf ryba
rybak chmura deszcz słońce śnieg burza góra plaża wyspa wieża ogród rynek ulica dworzec kuchnia pokój lustro świeca
latarnia wiosna lato jesień zima powoli szybko cisza wesoły smutny skakać tańczyć latać pływać malować gotować czytać
ptak lis jeż niedźwiedź kwiat drzewo łąka rzeka niebieski czerwony żółty zielony biały czarny rano wieczór gwiazda
księżyc szkoła statek pociąg samolot rower muzyka piosenka
"""

PLAIN_WORDS: dict[str, list[str]] = {
    language: words.split()
    for language, words in {
        "English": _ENGLISH,
        "German": _GERMAN,
        "French": _FRENCH,
        "Spanish": _SPANISH,
        "Italian": _ITALIAN,
        "Polish": _POLISH,
    }.items()
}
