"""The word lists: invented artists and titles, persons, places and browsers. Lists of the first kind have
24 words each: two of them, in every combination, name 576 things and no two alike (see `catalogue`)."""

ADJECTIVES = tuple(
    "Velvet Electric Silent Golden Crimson Broken Midnight Paper Hollow Neon Wild Distant "
    "Frozen Burning Lonely Silver Mellow Static Salted Restless Naïve Olé Hidden Señor".split()
)
NOUNS = tuple(
    "Harbours Foxes Engines Gardens Mirrors Rivers Satellites Wolves Lanterns Oceans Pilots Sparrows "
    "Machines Cathedrals Islands Ghosts Horses Windows Orchards Tigers Motels Comets Cafés Façades".split()
)
GIVEN = tuple(
    "Björn Zoë José Łucja Maya Otis Chloé Søren Ana Frida Malik Niño Ruth Ígor Beyza Amélie "
    "Tove Dario Priya Håkon Lena Marvin Renée Celia".split()
)
FAMILY = tuple(
    "Ångström Guðmundsdóttir Peña Nováková Okafor Lindqvist Müller Ferreira Castañeda Duvall Hart Sørli "
    "Nakamura Çelik Whitlock Brontë Marsh Delacroix Ito Vega Ström Kowalczyk Reyes Fontaine".split()
)
FAR_FIRST = tuple(
    "夜の 青い Тихий Северный Μπλε 밤의 東京 Красный الليل 星の Белый 하늘 "
    "静かな Ночной Αστέρι 桜 Старый 바람 海の Тёмный Φως 月の Зимний 도시".split()
)
FAR_SECOND = tuple(
    "列車 Ветер 海 Город Νύχτα 별 楽団 Поезд قمر 猫 Сад 꿈 "
    "電話 Океан Δρόμος 風 Дождь 소년 花火 Огонь Θάλασσα 鳥 Лес 강".split()
)
PLACES = tuple(
    "Oslo Reno Porto Zürich Dakar Austin Kraków Lima Leeds Osaka Tampa Malmö "
    "Quito Bergen Lyon Havana Perth Tunis Córdoba Riga Seoul Turin Nairobi Gdańsk".split()
)
MOODS = tuple(
    "Blue Last Slow Lost Endless Sweet Bitter Bright Second Falling Open Quiet "
    "Été Heavy Tender Secret Summer Winter Hungry Lucky Crooked Faded Northern Ночная".split()
)
THINGS = tuple(
    "Letter Highway Dance Morning Heart Summer Radio Déjà-Vu Train Kiss Fever Promise "
    "Señorita Window Café Ocean Holiday Shadow Rain Mañana Telephone Fire 夜 Goodbye".split()
)

FEMALE_NAMES = tuple(
    "Alma Bessie Clara Dorit Edna Fay Greta Hilde Ilse Judit Kaylin Lorna Mabel Nadine Odile".split()
)
MALE_NAMES = tuple(
    "Abel Boris Cedric Darnell Elmer Felix Gustav Horace Irvin Jasper Kurt Leopold Milo Ned Orson".split()
)
LAST_NAMES = tuple(
    "Abernathy Birdsong Crowfoot Dunaway Eastwick Fairweather Goodfellow Hathaway Ironside Juniper "
    "Kingfisher Lovelace Merriweather Nightingale Oakenshaw Pennyworth Quillfeather Ravenscroft Summerhayes "
    "Thistlewood Underhill Vanterpool Winterbourne Yarborough Zellweger".split()
)

METROS: tuple[tuple[str, float], ...] = (
    ("New York-Newark-Jersey City, NY-NJ-PA", -5),
    ("Los Angeles-Long Beach-Anaheim, CA", -8),
    ("Chicago-Naperville-Elgin, IL-IN-WI", -6),
    ("San Francisco-Oakland-Hayward, CA", -8),
    ("Atlanta-Sandy Springs-Roswell, GA", -5),
    ("Dallas-Fort Worth-Arlington, TX", -6),
    ("Houston-The Woodlands-Sugar Land, TX", -6),
    ("Washington-Arlington-Alexandria, DC-VA-MD-WV", -5),
    ("Philadelphia-Camden-Wilmington, PA-NJ-DE-MD", -5),
    ("Miami-Fort Lauderdale-West Palm Beach, FL", -5),
    ("Phoenix-Mesa-Scottsdale, AZ", -7),
    ("Seattle-Tacoma-Bellevue, WA", -8),
    ("Detroit-Warren-Dearborn, MI", -5),
    ("Minneapolis-St. Paul-Bloomington, MN-WI", -6),
    ("Tampa-St. Petersburg-Clearwater, FL", -5),
    ("San Jose-Sunnyvale-Santa Clara, CA", -8),
    ("Portland-South Portland, ME", -5),
    ("London, United Kingdom", 0),
    ("Sacramento--Roseville--Arden-Arcade, CA", -8),
    ("Nashville-Davidson--Murfreesboro--Franklin, TN", -6),
    ("New Orleans-Metairie, LA", -6),
    ("Salt Lake City, UT", -7),
    ("Toronto, ON, Canada", -5),
    ("Birmingham-Hoover, AL", -6),
    ("Lansing-East Lansing, MI", -5),
    ("Waterloo-Cedar Falls, IA", -6),
    ("Berlin, Germany", 1),
    ("Janesville-Beloit, WI", -6),
    ("Winston-Salem, NC", -5),
    ("Lake Havasu City-Kingman, AZ", -7),
    ("São Paulo, Brazil", -3),
    ("Klamath Falls, OR", -8),
    ("La Crosse-Onalaska, WI-MN", -6),
    ("Mumbai, India", 5.5),
    ("Red Bluff, CA", -8),
    ("Tokyo, Japan", 9),
)
"""Metro areas, the most popular first, with their hours ahead of UTC in winter."""

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/537.78.2 (KHTML, like Gecko) Version/7.0.6 Safari/537.78.2"
_IOS_WEBKIT = "AppleWebKit/537.51.2 (KHTML, like Gecko) Version/7.0 Mobile/11D257 Safari/9537.53"
USER_AGENTS = (
    f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_9_4) {_SAFARI}",
    f"{_MOZILLA} (Windows NT 6.1; WOW64) {_WEBKIT} Chrome/36.0.1985.143 Safari/537.36",
    f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_9_4) {_WEBKIT} Chrome/36.0.1985.125 Safari/537.36",
    f"{_MOZILLA} (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) {_IOS_WEBKIT}",
    f"{_MOZILLA} (Windows NT 6.3; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0",
    f"{_MOZILLA} (Linux; Android 4.4.2; Nexus 5) {_WEBKIT} Chrome/36.0.1985.135 Mobile Safari/537.36",
    f"{_MOZILLA} (X11; Linux x86_64) {_WEBKIT} Ubuntu Chromium/36.0.1985.125 Safari/537.36",
    f"{_MOZILLA} (iPad; CPU OS 7_1_2 like Mac OS X) {_IOS_WEBKIT}",
    f"{_MOZILLA} (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)",
)
