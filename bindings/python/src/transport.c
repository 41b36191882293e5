/* transport.c - Python objects as bytes, and back.
 * SPDX-License-Identifier: MIT
 *
 * The first byte says what follows. Only objects of exactly these types have such forms: an
 * object of a derived type must come out as one.
 *
 *   N T F   None, True, False
 *   i f g   int of 64 bits, float, numpy.float64: eight bytes
 *   b u     bytes, str (UTF-8): eight bytes of size, and those
 *   ( [     tuple, list: eight bytes of count, and the elements
 *   p       pickle: count of buffers, then each with its size and padding to 16; the first
 *           is the pickle itself
 */
#include "transport.h"
#include "hooks.h"

#include <stdlib.h>
#include <string.h>

#define DEEPEST 16 /* tuples in tuples: pickle sees to what goes round */

/* ---- bytes ---- */

void cdp_bytes_free(struct cdp_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct cdp_bytes){ 0 };
}

static bool grow(struct cdp_bytes *bytes, size_t size)
{
    size_t room = bytes->room ? bytes->room : 256;
    char *data;

    if (size > SIZE_MAX / 2 - bytes->size)
        return false;
    while (room < bytes->size + size)
        room *= 2;
    data = realloc(bytes->data, room);
    if (!data)
        return false;
    bytes->data = data;
    bytes->room = room;
    return true;
}

bool cdp_bytes_append(struct cdp_bytes *bytes, const void *data, size_t size)
{
    if (size > bytes->room - bytes->size && !grow(bytes, size))
        return false;
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return true;
}

static int append(struct cdp_bytes *bytes, const void *data, size_t size)
{
    if (cdp_bytes_append(bytes, data, size))
        return 0;
    PyErr_NoMemory();
    return -1;
}

static int append_word(struct cdp_bytes *bytes, char kind, uint64_t word)
{
    if (append(bytes, &kind, 1))
        return -1;
    return append(bytes, &word, sizeof word);
}

/* ---- encoding ---- */

static int encode(struct cdp_bytes *bytes, PyObject *object, unsigned depth);

static int encode_sized(struct cdp_bytes *bytes, char kind, const void *data,
                        Py_ssize_t size)
{
    if (append_word(bytes, kind, (uint64_t)size))
        return -1;
    return append(bytes, data, (size_t)size);
}

static int encode_sequence(struct cdp_bytes *bytes, PyObject *object, unsigned depth,
                           char kind, Py_ssize_t n,
                           PyObject *(*get)(PyObject *, Py_ssize_t))
{
    if (append_word(bytes, kind, (uint64_t)n))
        return -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *element = get(object, i); /* borrowed */
        if (!element || encode(bytes, element, depth + 1))
            return -1;
    }
    return 0;
}

static int append_buffer(struct cdp_bytes *bytes, PyObject *buffer)
{
    static const char padding[16];
    Py_buffer view;
    uint64_t size;
    int rc;

    if (PyObject_GetBuffer(buffer, &view, PyBUF_CONTIG_RO))
        return -1;
    size = (uint64_t)view.len;
    rc = append(bytes, &size, sizeof size);
    if (!rc)
        rc = append(bytes, padding, (16 - bytes->size % 16) % 16);
    if (!rc)
        rc = append(bytes, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return rc;
}

static int encode_pickle(struct cdp_bytes *bytes, PyObject *object)
{
    PyObject *parts =
        cdp_hook(bytes->clean ? CDP_DUMPS_CLEAN : CDP_DUMPS, object, NULL);
    Py_ssize_t n = parts ? PyList_Size(parts) : -1;
    int rc = n < 0 ? -1 : append_word(bytes, 'p', (uint64_t)n);

    for (Py_ssize_t i = 0; i < n && !rc; i++)
        rc = append_buffer(bytes, PyList_GetItem(parts, i));
    Py_XDECREF(parts);
    return rc;
}

static int encode_int(struct cdp_bytes *bytes, PyObject *object)
{
    int overflow;
    int64_t value = PyLong_AsLongLongAndOverflow(object, &overflow);

    return overflow ? encode_pickle(bytes, object)
                    : append_word(bytes, 'i', (uint64_t)value);
}

static int encode_real(struct cdp_bytes *bytes, PyObject *object, char kind)
{
    double value = PyFloat_AsDouble(object);
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    return append_word(bytes, kind, word);
}

static int encode_text(struct cdp_bytes *bytes, PyObject *object)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);

    if (text)
        return encode_sized(bytes, 'u', text, size);
    PyErr_Clear(); /* lone surrogates */
    return encode_pickle(bytes, object);
}

static int encode(struct cdp_bytes *bytes, PyObject *object, unsigned depth)
{
    PyTypeObject *type = Py_TYPE(object);

    if (object == Py_None)
        return append(bytes, "N", 1);
    if (type == &PyBool_Type)
        return append(bytes, object == Py_True ? "T" : "F", 1);
    if (type == &PyFloat_Type)
        return encode_real(bytes, object, 'f');
    if (type == &PyLong_Type)
        return encode_int(bytes, object);
    if ((PyObject *)type == cdp_hooks[CDP_NUMPY_FLOAT])
        return encode_real(bytes, object, 'g');
    if (type == &PyUnicode_Type)
        return encode_text(bytes, object);
    if (type == &PyBytes_Type)
        return encode_sized(bytes, 'b', PyBytes_AsString(object), PyBytes_Size(object));
    if (type == &PyTuple_Type && depth < DEEPEST)
        return encode_sequence(bytes, object, depth, '(', PyTuple_Size(object),
                               PyTuple_GetItem);
    if (type == &PyList_Type && depth < DEEPEST)
        return encode_sequence(bytes, object, depth, '[', PyList_Size(object),
                               PyList_GetItem);
    return encode_pickle(bytes, object);
}

int cdp_encode(struct cdp_bytes *bytes, PyObject *object)
{
    return encode(bytes, object, 0);
}

/* ---- decoding ---- */

struct reader {
    const char *begin, *at, *end;
};

static PyObject *decode(struct reader *r);

static PyObject *torn(void)
{
    PyErr_SetString(PyExc_SystemError, "a result has arrived in pieces");
    return NULL;
}

static bool read_word(struct reader *r, uint64_t *word)
{
    if ((size_t)(r->end - r->at) < sizeof *word)
        return false;
    memcpy(word, r->at, sizeof *word);
    r->at += sizeof *word;
    return true;
}

static const char *read_bytes(struct reader *r, uint64_t size)
{
    const char *at = r->at;

    if ((uint64_t)(r->end - at) < size)
        return NULL;
    r->at += size;
    return at;
}

static PyObject *decode_sized(struct reader *r, bool text)
{
    uint64_t size;
    const char *data = read_word(r, &size) ? read_bytes(r, size) : NULL;

    if (!data)
        return torn();
    return text ? PyUnicode_DecodeUTF8(data, (Py_ssize_t)size, "strict")
                : PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
}

static PyObject *decode_real(struct reader *r, char kind)
{
    uint64_t word;
    double value;
    PyObject *real, *wrapped;

    if (!read_word(r, &word))
        return torn();
    memcpy(&value, &word, sizeof value);
    real = PyFloat_FromDouble(value);
    if (kind == 'f' || !real)
        return real;
    wrapped = cdp_hook(CDP_NUMPY_FLOAT, real, NULL);
    Py_DECREF(real);
    return wrapped;
}

static PyObject *decode_int(struct reader *r)
{
    uint64_t word;

    return read_word(r, &word) ? PyLong_FromLongLong((int64_t)word) : torn();
}

static PyObject *decode_sequence(struct reader *r, bool list)
{
    uint64_t n;
    PyObject *all;

    if (!read_word(r, &n) || n > (uint64_t)(r->end - r->at))
        return torn();
    all = list ? PyList_New((Py_ssize_t)n) : PyTuple_New((Py_ssize_t)n);
    for (Py_ssize_t i = 0; all && i < (Py_ssize_t)n; i++) {
        PyObject *element = decode(r);
        if (!element) {
            Py_DECREF(all);
            return NULL;
        }
        if (list)
            PyList_SetItem(all, i, element);
        else
            PyTuple_SetItem(all, i, element);
    }
    return all;
}

static PyObject *read_buffer(struct reader *r)
{
    uint64_t size;
    const char *data = NULL;

    if (read_word(r, &size) && read_bytes(r, (16 - (r->at - r->begin) % 16) % 16))
        data = read_bytes(r, size);
    return data ? PyByteArray_FromStringAndSize(data, (Py_ssize_t)size) : torn();
}

static PyObject *decode_pickle(struct reader *r)
{
    uint64_t n;
    PyObject *parts, *object;

    if (!read_word(r, &n))
        return torn();
    parts = PyList_New(0);
    while (parts && n-- > 0) {
        PyObject *part = read_buffer(r);
        if (!part || PyList_Append(parts, part))
            Py_CLEAR(parts);
        Py_XDECREF(part);
    }
    if (!parts)
        return NULL;
    object = cdp_hook(CDP_LOADS, parts, NULL);
    Py_DECREF(parts);
    return object;
}

static PyObject *constant(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static PyObject *decode(struct reader *r)
{
    const char *kind = read_bytes(r, 1);

    switch (kind ? *kind : 0) {
    case 'N': return constant(Py_None);
    case 'T': return constant(Py_True);
    case 'F': return constant(Py_False);
    case 'i': return decode_int(r);
    case 'f':
    case 'g': return decode_real(r, *kind);
    case 'u': return decode_sized(r, true);
    case 'b': return decode_sized(r, false);
    case '(': return decode_sequence(r, false);
    case '[': return decode_sequence(r, true);
    case 'p': return decode_pickle(r);
    default: return torn();
    }
}

PyObject *cdp_decode(const char *data, size_t size)
{
    struct reader r = { data, data, data + size };

    return decode(&r);
}

/* ---- slots ---- */

static bool put_text(struct cdp_slot *slot, char kind, const char *text,
                     Py_ssize_t size)
{
    if (!text)
        PyErr_Clear(); /* lone surrogates */
    if (!text || size > (Py_ssize_t)sizeof slot->u.text)
        return false;
    memcpy(slot->u.text, text, (size_t)size);
    slot->size = (uint32_t)size;
    slot->kind = (uint32_t)kind;
    return true;
}

static bool put_int(struct cdp_slot *slot, PyObject *object)
{
    int overflow;

    slot->u.integer = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow)
        return false;
    slot->kind = 'i';
    return true;
}

static bool put_real(struct cdp_slot *slot, PyObject *object, char kind)
{
    slot->u.real = PyFloat_AsDouble(object);
    slot->kind = (uint32_t)kind;
    return true;
}

static bool put_kind(struct cdp_slot *slot, char kind)
{
    slot->kind = (uint32_t)kind;
    return true;
}

bool cdp_slot_put(struct cdp_slot *slot, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_ssize_t size = 0;

    if (type == &PyFloat_Type)
        return put_real(slot, object, 'f');
    if (type == &PyLong_Type)
        return put_int(slot, object);
    if (object == Py_None)
        return put_kind(slot, 'N');
    if (type == &PyBool_Type)
        return put_kind(slot, object == Py_True ? 'T' : 'F');
    if ((PyObject *)type == cdp_hooks[CDP_NUMPY_FLOAT])
        return put_real(slot, object, 'g');
    if (type == &PyBytes_Type)
        return put_text(slot, 'b', PyBytes_AsString(object), PyBytes_Size(object));
    if (type == &PyUnicode_Type) {
        const char *text = PyUnicode_AsUTF8AndSize(object, &size);
        return put_text(slot, 'u', text, size);
    }
    return false;
}

PyObject *cdp_slot_get(const struct cdp_slot *slot)
{
    struct reader r = { slot->u.text, slot->u.text, slot->u.text + 8 };

    switch (slot->kind) {
    case 'f': return PyFloat_FromDouble(slot->u.real);
    case 'i': return PyLong_FromLongLong(slot->u.integer);
    case 'N': return constant(Py_None);
    case 'T': return constant(Py_True);
    case 'F': return constant(Py_False);
    case 'g': return decode_real(&r, 'g');
    case 'b': return PyBytes_FromStringAndSize(slot->u.text, (Py_ssize_t)slot->size);
    case 'u': return PyUnicode_DecodeUTF8(slot->u.text, (Py_ssize_t)slot->size, NULL);
    default: return torn();
    }
}
