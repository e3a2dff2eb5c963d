from __future__ import annotations

import time

import pytest

from filter.charset import detect
from filter.decode import decode

JAPANESE = (
    "市立図書館は来年の春、川沿いの新しい建物に移ることになった。市長が月曜日の会見で明らかにした。"
    "延べ床面積は今の二倍で、子ども向けの部屋や自習室も設けられる。工事の費用はおよそ四十億円で、"
    "その半分を国の補助金でまかなう。「本を借りるだけでなく、町の人が集まる場所にしたい」と館長は話している。一方、"
    "駅から遠くなることを心配する声も出ている。"
)
SIMPLIFIED = (
    "市图书馆明年春天将搬到河边的新楼。市长在星期一的记者会上宣布了这个消息。新馆的面积是现在的两倍，"
    "还会设立儿童阅览室和自习室。工程费用大约四亿元，其中一半来自国家补助。馆长说：“我们不只是借书的地方，"
    "也希望成为市民聚会的场所。”不过，也有居民担心新馆离车站太远，老年人来往不方便。"
)
TRADITIONAL = (
    "市立圖書館明年春天將搬到河邊的新大樓。市長在星期一的記者會上宣布了這個消息。新館的面積是現在的兩倍，"
    "還會設立兒童閱覽室和自習室。工程費用大約四億元，其中一半來自國家補助。館長說：「我們不只是借書的地方，"
    "也希望成為市民聚會的場所。」不過，也有居民擔心新館離車站太遠，老年人往來不方便。"
)
KOREAN = (
    "시립 도서관이 내년 봄 강변에 있는 새 건물로 옮긴다. 시장은 월요일 기자 회견에서 이같이 "
    "밝혔다. 새 도서관의 넓이는 지금의 두 배이며 어린이를 위한 방과 자습실도 마련된다. 공사비는 약 "
    "사백억 원이고 그 절반은 나라의 보조금으로 충당한다. 관장은 책을 빌리는 곳일 뿐 아니라 시민이 "
    "모이는 곳이 되기를 바란다고 말했다. 한편 역에서 멀어진다고 걱정하는 주민도 있다."
)
RUSSIAN = (
    "Городская библиотека следующей весной переедет в новое здание у реки. Об этом в понедельник сообщил мэр на "
    "встрече с журналистами. Площадь новой библиотеки вдвое больше нынешней, в ней будут детский зал и комнаты для "
    "занятий. Строительство обойдётся примерно в четыреста миллионов рублей, половину из них даст государство. 'Мы "
    "хотим, чтобы сюда приходили не только за книгами', - сказала директор. Некоторые жители недовольны тем, что "
    "до вокзала станет дальше."
)
UKRAINIAN = (
    "Міська бібліотека наступної весни переїде до нової будівлі біля річки. Про це в понеділок повідомив міський "
    "голова на зустрічі з журналістами. Площа нової бібліотеки вдвічі більша за нинішню, у ній будуть дитяча зала "
    "й кімнати для занять. Будівництво коштуватиме приблизно чотириста мільйонів гривень, половину з них дасть "
    "держава. Деякі мешканці незадоволені тим, що до вокзалу стане далі."
)
GREEK = (
    "Η δημοτική βιβλιοθήκη θα μεταφερθεί την επόμενη άνοιξη σε νέο κτίριο δίπλα στο ποτάμι. Άλλη μία αλλαγή "
    "ανακοίνωσε ο δήμαρχος τη Δευτέρα σε συνάντηση με δημοσιογράφους. Η νέα βιβλιοθήκη θα είναι διπλάσια από τη "
    "σημερινή και θα έχει αίθουσα για παιδιά και χώρους μελέτης. Τα έργα θα κοστίσουν περίπου σαράντα εκατομμύρια "
    "ευρώ και τα μισά θα τα δώσει το κράτος. Κάποιοι κάτοικοι ανησυχούν επειδή ο σταθμός θα είναι πιο μακριά."
)
HEBREW = (
    "הספרייה העירונית תעבור באביב הבא לבניין חדש ליד הנהר. כך הודיע ראש העיר ביום שני במסיבת עיתונאים. שטח הספרייה "
    "החדשה יהיה כפול מזה של הספרייה הנוכחית, ויהיו בה אולם לילדים וחדרי לימוד. הבנייה תעלה כארבע מאות מיליון "
    "שקלים, ומחצית הסכום תיתן המדינה. חלק מהתושבים מודאגים מכך שהתחנה תהיה רחוקה יותר, והם מבקשים קו אוטובוס חדש."
)
ARABIC = (
    "ستنتقل مكتبة المدينة في الربيع القادم إلى مبنى جديد بجانب النهر. أعلن ذلك رئيس البلدية يوم الاثنين في لقاء مع "
    "الصحفيين. مساحة المكتبة الجديدة ضعف مساحة المكتبة الحالية، وستكون فيها قاعة للأطفال وغرف للدراسة. وستكلف "
    "أعمال البناء نحو أربعمئة مليون، تدفع الدولة نصفها. ويخشى بعض السكان أن تصبح المحطة بعيدة عنهم، ويطالبون بخط "
    "جديد للحافلات."
)
THAI = (
    "ห้องสมุดประจำเมืองจะย้ายไปยังอาคารใหม่ริมแม่น้ำในฤดูใบไม้ผลิปีหน้า "
    "นายกเทศมนตรีแจ้งข่าวนี้ต่อผู้สื่อข่าวเมื่อวันจันทร์ "
    "ห้องสมุดแห่งใหม่มีพื้นที่เป็นสองเท่าของแห่งเดิม "
    "มีห้องสำหรับเด็กและห้องอ่านหนังสือ "
    "ค่าก่อสร้างประมาณสี่สิบล้านบาท รัฐบาลจ่ายครึ่งหนึ่ง "
    "ชาวบ้านบางคนกังวลว่าสถานีจะอยู่ไกลออกไป"
)
POLISH = (
    "Biblioteka miejska przeniesie się wiosną przyszłego roku do nowego budynku nad rzeką. Ogłosił to w "
    "poniedziałek burmistrz na spotkaniu z dziennikarzami. Nowa biblioteka będzie dwa razy większa od obecnej, "
    "znajdą się w niej sala dla dzieci i pokoje do nauki. Budowa będzie kosztować około czterdziestu milionów "
    "złotych, a połowę zapłaci państwo. Niektórzy mieszkańcy są niezadowoleni, że będą mieli dalej na dworzec, i "
    "żądają nowej linii autobusowej."
)
CZECH = (
    "Městská knihovna se příští jaro přestěhuje do nové budovy u řeky. V pondělí to na setkání s novináři oznámil "
    "starosta. Nová knihovna bude dvakrát větší než ta dnešní a bude v ní dětský sál i místnosti ke studiu. Stavba "
    "bude stát přibližně čtyřicet milionů korun, polovinu zaplatí stát. Někteří obyvatelé jsou nespokojeni, že to "
    "budou mít dál na nádraží, a žádají novou autobusovou linku."
)
HUNGARIAN = (
    "A városi könyvtár jövő tavasszal új épületbe költözik a folyó partján. Ezt a polgármester jelentette be "
    "hétfőn az újságíróknak. Az új könyvtár kétszer akkora lesz, mint a mostani, lesz benne gyerekterem és "
    "tanulószoba is. Az építkezés körülbelül négyszázmillió forintba kerül, ennek a felét az állam fizeti. Néhány "
    "lakó elégedetlen, mert messzebb lesz a pályaudvar, és új buszjáratot követelnek. Az őrök szerint a tűzoltók "
    "is örülnek."
)
ROMANIAN = (
    "Biblioteca orăşenească se va muta în primăvara viitoare într-o clădire nouă lângă râu. Primarul a anunţat "
    "aceasta luni în faţa ziariştilor. Noua bibliotecă va fi de două ori mai mare decât cea de acum, cu o sală "
    "pentru copii şi camere de studiu. Lucrările vor costa aproximativ patruzeci de milioane, iar jumătate va "
    "plăti statul. Unii locuitori sunt nemulţumiţi că gara va fi mai departe."
)
TURKISH = (
    "Belediye kütüphanesi gelecek ilkbaharda nehir kıyısındaki yeni binaya taşınacak. Belediye başkanı bunu "
    "pazartesi günü gazetecilere açıkladı. Yeni kütüphane bugünkünün iki katı büyüklükte olacak, içinde çocuk "
    "salonu ve çalışma odaları da bulunacak. İnşaat yaklaşık kırk milyon liraya mal olacak, yarısını devlet "
    "ödeyecek. Bazı sakinler istasyonun uzaklaşmasından şikâyetçi ve yeni bir otobüs hattı istiyor."
)
LITHUANIAN = (
    "Miesto biblioteka kitą pavasarį persikels į naują pastatą prie upės. Tai pirmadienį žurnalistams pranešė "
    "meras. Naujoji biblioteka bus dvigubai didesnė už dabartinę, joje bus salė vaikams ir kambariai mokytis. "
    "Statyba kainuos apie keturiasdešimt milijonų, pusę sumokės valstybė. Kai kurie gyventojai nepatenkinti, kad "
    "stotis bus toliau, ir reikalauja naujo autobuso maršruto. Šiemet žiemą įvyks ąžuolų šventė."
)
GERMAN = (
    "Die Stadtbücherei zieht im nächsten Frühjahr in ein neues Gebäude am Fluss. Das kündigte der Bürgermeister am "
    "Montag vor Journalisten an. Die neue Bücherei wird doppelt so groß wie die jetzige, mit einem Saal für Kinder "
    "und Räumen zum Lernen. Der Bau kostet rund vierzig Millionen, die Hälfte übernimmt das Land. Einige Anwohner "
    "sind unzufrieden, weil der Bahnhof weiter entfernt sein wird. „Wir hören zu“, heißt es."
)
FRENCH = (
    "La bibliothèque municipale déménagera au printemps prochain dans un nouveau bâtiment près de la rivière. Le "
    "maire l’a annoncé lundi devant des journalistes. Elle sera deux fois plus grande que l’actuelle, avec une "
    "salle pour les enfants et des pièces où étudier. Les travaux coûteront près de quarante millions d’euros, "
    "dont la moitié à la charge de l’État. Certains habitants regrettent que la gare soit plus éloignée."
)
SPANISH = (
    "La biblioteca municipal se trasladará la próxima primavera a un nuevo edificio junto al río. Así lo anunció "
    "el alcalde el lunes ante los periodistas. Tendrá el doble de superficie que la actual, con una sala para "
    "niños y habitaciones donde estudiar. Las obras costarán unos cuarenta millones y la mitad la pondrá el "
    "Estado. Algunos vecinos lamentan que la estación quede más lejos: «¿Quién va a ir a pie?», preguntó una "
    "señora."
)
SWEDISH = (
    "Stadsbiblioteket flyttar nästa vår till en ny byggnad vid ån. Det berättade kommunalrådet på måndagen för "
    "journalister. Det nya biblioteket blir dubbelt så stort som dagens, med en sal för barn och rum där man kan "
    "läsa läxor. Bygget kostar ungefär fyrtio miljoner, hälften betalas av staten. Några grannar är missnöjda med "
    "att det blir längre till järnvägsstationen."
)
FINNISH = (
    "Kaupunginkirjasto muuttaa ensi keväänä uuteen rakennukseen joen rannalle. Kaupunginjohtaja kertoi asiasta "
    "maanantaina toimittajille. Uusi kirjasto on kaksi kertaa niin suuri kuin nykyinen, ja siellä on sali lapsille "
    "sekä huoneita opiskeluun. Työt maksavat noin neljäkymmentä miljoonaa, ja puolet siitä maksaa valtio. Jotkut "
    "asukkaat ovat tyytymättömiä, koska rautatieasema jää kauemmas."
)
PORTUGUESE = (
    "A biblioteca municipal mudará na próxima primavera para um novo edifício junto ao rio. O presidente da câmara "
    "anunciou-o na segunda-feira aos jornalistas. Terá o dobro do tamanho da atual, com uma sala para crianças e "
    "salas de estudo. A construção custará cerca de quarenta milhões e metade será paga pelo Estado. Alguns "
    "moradores não estão contentes porque a estação ficará mais longe."
)
ENGLISH = (
    "The town library will move next spring to a new building by the river. The mayor said so on Monday. “We want "
    "a place where people meet,” she said — it’s twice the size of today’s. The café will open in May and cost £2 "
    "million. “Nobody asked us,” said one neighbour, who runs the bookshop ‘Marlow’ near the station. “We’ll see.” "
    "Work starts in March and ends, if all goes well, in the autumn of next year."
)
CASES = [
    pytest.param(JAPANESE, "cp932", id="japanese-cp932"),
    pytest.param(JAPANESE, "euc_jp", id="japanese-euc_jp"),
    pytest.param(SIMPLIFIED, "gb18030", id="simplified-gb18030"),
    pytest.param(SIMPLIFIED, "gbk", id="simplified-gbk"),
    pytest.param(TRADITIONAL, "big5", id="traditional-big5"),
    pytest.param(KOREAN, "euc_kr", id="korean-euc_kr"),
    pytest.param(KOREAN, "cp949", id="korean-cp949"),
    pytest.param(RUSSIAN, "cp1251", id="russian-cp1251"),
    pytest.param(RUSSIAN, "koi8-r", id="russian-koi8-r"),
    pytest.param(RUSSIAN, "iso8859-5", id="russian-iso8859-5"),
    pytest.param(RUSSIAN, "cp866", id="russian-cp866"),
    pytest.param(UKRAINIAN, "cp1251", id="ukrainian-cp1251"),
    pytest.param(UKRAINIAN, "koi8-u", id="ukrainian-koi8-u"),
    pytest.param(GREEK, "cp1253", id="greek-cp1253"),
    pytest.param(GREEK, "iso8859-7", id="greek-iso8859-7"),
    pytest.param(HEBREW, "cp1255", id="hebrew-cp1255"),
    pytest.param(HEBREW, "iso8859-8", id="hebrew-iso8859-8"),
    pytest.param(ARABIC, "cp1256", id="arabic-cp1256"),
    pytest.param(ARABIC, "iso8859-6", id="arabic-iso8859-6"),
    pytest.param(THAI, "cp874", id="thai-cp874"),
    pytest.param(POLISH, "cp1250", id="polish-cp1250"),
    pytest.param(POLISH, "iso8859-2", id="polish-iso8859-2"),
    pytest.param(CZECH, "cp1250", id="czech-cp1250"),
    pytest.param(CZECH, "iso8859-2", id="czech-iso8859-2"),
    pytest.param(HUNGARIAN, "cp1250", id="hungarian-cp1250"),
    pytest.param(HUNGARIAN, "iso8859-2", id="hungarian-iso8859-2"),
    pytest.param(ROMANIAN, "cp1250", id="romanian-cp1250"),
    pytest.param(ROMANIAN, "iso8859-2", id="romanian-iso8859-2"),
    pytest.param(TURKISH, "cp1254", id="turkish-cp1254"),
    pytest.param(LITHUANIAN, "cp1257", id="lithuanian-cp1257"),
    pytest.param(GERMAN, "cp1252", id="german-cp1252"),
    pytest.param(FRENCH, "cp1252", id="french-cp1252"),
    pytest.param(SPANISH, "cp1252", id="spanish-cp1252"),
    pytest.param(SWEDISH, "cp1252", id="swedish-cp1252"),
    pytest.param(FINNISH, "cp1252", id="finnish-cp1252"),
    pytest.param(PORTUGUESE, "cp1252", id="portuguese-cp1252"),
    pytest.param(ENGLISH, "cp1252", id="english-cp1252"),
]
START = (
    "<head><title>News</title><script>var pages = {next: 2}; function go(x) { return x < 2 }</script></head>\n<body>"
    "<div class=menu><a href=/>Home</a> | <a href=/sport>Sport</a></div>\n"
)
END = "<p>&copy; 2024 example.org&nbsp;</p>\n<script>track('page', 7)</script></body>"


def page_of(text: str) -> str:
    return f"{START}<h1>{text[:24]}</h1>\n<p class=story>{text}</p>\n{END}"


@pytest.mark.parametrize(("text", "codec"), CASES)
def test_undeclared_page_is_read(text: str, codec: str) -> None:
    page = page_of(text)
    assert decode(page.encode(codec)) == page


@pytest.mark.parametrize(("text", "codec"), CASES)
def test_undeclared_text_is_read(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text


@pytest.mark.parametrize(("text", "codec"), [case for case in CASES if case.values[1] != "cp1252"])
def test_declaration_comes_before_detection(text: str, codec: str) -> None:
    page = page_of(text)
    assert decode(page.encode(codec), encoding="windows-1252") == page.encode(codec).decode("cp1252", "replace")


@pytest.mark.parametrize(
    "text",
    [
        "– Ad –",
        "« 1 2 3 »",
        "Tickets are £5 – or £3 for children – at the café.",
        "Zoë, José, Jürgen and Beyoncé met in São Paulo for £20 each; the Ångström prize went to François.",
        "x" * 2000 + "é",
    ],
)
def test_few_letters_beyond_ascii_are_windows_1252(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("data", [b"", b"all in ASCII", b"<a title='caf\xe9'>", b"<script>\xe9"])
def test_no_text_beyond_ascii(data: bytes) -> None:
    assert detect(data) == "cp1252"


def test_script_of_a_megabyte_does_not_hide_the_text() -> None:
    page = f"<script>/* © */{'go(1);' * 100_000}</script><p>{RUSSIAN}</p>"
    assert decode(page.replace("©", " ").encode("koi8-r")) == page.replace("©", " ")
    assert detect(page.encode("koi8-r")) == "koi8_r"


def test_long_page_is_not_cut_inside_a_letter() -> None:
    page = "".join(f"<p>{number} {JAPANESE}</p>" for number in range(2000))
    assert decode(page.encode("cp932")) == page


@pytest.mark.parametrize(
    "unit",
    [b"\xe9", b"\xe9 ", b"<\xe9", b"<script>\xe9", b"\xe9a<", b"&\xe9", b"\xe9\n", b"\x82\xa0\xb1", b"<style \xe9"],
)
def test_cost_does_not_grow_with_the_page(unit: bytes) -> None:
    data = unit * (10_000_000 // len(unit))
    start = time.process_time()
    detect(data)
    assert time.process_time() - start < 2
