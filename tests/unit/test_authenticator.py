"""What an officer's authenticator scans from a terminal."""

import cv2
import numpy as np

from station.documents.authenticator import lines, qr_code
from station.domain.totp import uri

URI = uri(b"12345678901234567890", issuer="临河超限检测站", account="LZ-101")
HALVES = {" ": (0, 0), "█": (1, 1), "▀": (1, 0), "▄": (0, 1)}


def test_a_reader_of_qr_codes_reads_the_uri_from_the_drawn_lines():
    rows = [[HALVES[sign][half] for sign in line] for line in qr_code(URI) for half in (0, 1)]
    image = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    image = cv2.copyMakeBorder(image, 32, 32, 32, 32, cv2.BORDER_CONSTANT, value=255)
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == URI


def test_where_no_terminal_is_the_uri_alone_is_printed_last():
    shown = lines(URI, drawn=False)
    assert len(shown) == 2
    assert shown[-1] == URI
