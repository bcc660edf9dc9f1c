"""The PDFium functions that we call, straight from the library that pypdfium2 installs.

Importing pypdfium2's own bindings (every function of the library) costs more than reading a short paper.
Prototypes: https://pdfium.googlesource.com/pdfium/+/main/public/fpdfview.h, fpdf_text.h and fpdf_edit.h.
"""

import ctypes
import sys
from ctypes import POINTER, c_char_p, c_float, c_int, c_uint, c_ulong, c_void_p
from importlib.util import find_spec

PACKAGE = "pypdfium2_raw"
FILES = {"darwin": "libpdfium.dylib", "win32": "pdfium.dll"}
PAGEOBJ_IMAGE, PAGEOBJ_FORM = 3, 5


class Rect(ctypes.Structure):
    """FS_RECTF, in points, origin at the bottom left."""

    _fields_ = (("left", c_float), ("top", c_float), ("right", c_float), ("bottom", c_float))


# name: result, then arguments
PROTOTYPES = {
    "FPDF_InitLibrary": (None,),
    "FPDF_LoadMemDocument64": (c_void_p, c_char_p, ctypes.c_size_t, c_char_p),
    "FPDF_GetLastError": (c_ulong,),
    "FPDF_GetPageCount": (c_int, c_void_p),
    "FPDF_LoadPage": (c_void_p, c_void_p, c_int),
    "FPDF_ClosePage": (None, c_void_p),
    "FPDF_GetPageWidthF": (c_float, c_void_p),
    "FPDF_GetPageHeightF": (c_float, c_void_p),
    "FPDFPage_CountObjects": (c_int, c_void_p),
    "FPDFPage_GetObject": (c_void_p, c_void_p, c_int),
    "FPDFPageObj_GetType": (c_int, c_void_p),
    "FPDFText_LoadPage": (c_void_p, c_void_p),
    "FPDFText_ClosePage": (None, c_void_p),
    "FPDFText_CountChars": (c_int, c_void_p),
    "FPDFText_GetText": (c_int, c_void_p, c_int, c_int, c_void_p),
    "FPDFText_GetUnicode": (c_uint, c_void_p, c_int),
    "FPDFText_GetLooseCharBox": (c_int, c_void_p, c_int, POINTER(Rect)),
    "FPDFText_GetFontInfo": (c_ulong, c_void_p, c_int, c_void_p, c_ulong, POINTER(c_int)),
}


def loaded() -> ctypes.CDLL:
    """The library with its prototypes set. Raises ``OSError`` where pypdfium2 was installed without one."""
    spec = find_spec(PACKAGE)
    folder = next(iter(spec.submodule_search_locations or []), "") if spec else ""
    library = ctypes.CDLL(f"{folder}/{FILES.get(sys.platform, 'libpdfium.so')}")
    for name, (result, *arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


pdfium = loaded()
