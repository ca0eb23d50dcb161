/* The bare loop behind one measurement: the text of CdtTrfTxInf elements, copied together from columns, one thread.
 *
 * Escapes nothing and checks nothing. Columns are as Arrow lays strings out: octets one after another, and
 * rows + 1 offsets. Literals stand before, between and after the columns.
 */
#include <stdint.h>
#include <string.h>

static char *put(char *out, const char *from, int64_t octets) {
    memcpy(out, from, (size_t)octets);
    return out + octets;
}

static char *put_yuan(char *out, int64_t fen) {
    char digits[24];
    int at = sizeof digits;
    for (int place = 0; place < 3 || fen; place++) {
        if (place == 2) digits[--at] = '.';
        digits[--at] = (char)('0' + fen % 10);
        fen /= 10;
    }
    return put(out, digits + at, (int64_t)sizeof digits - at);
}

/* Rows first to last - 1; returns the octets written to out. A column without octets (NULL) is the amount. */
int64_t build_items(char *out, int64_t first, int64_t last, int64_t columns, const char *const *data,
                    const int64_t *const *offsets, const int64_t *fen, const char *const *literals,
                    const int64_t *literal_octets) {
    char *start = out;
    for (int64_t row = first; row < last; row++) {
        for (int64_t column = 0; column < columns; column++) {
            out = put(out, literals[column], literal_octets[column]);
            if (data[column])
                out = put(out, data[column] + offsets[column][row], offsets[column][row + 1] - offsets[column][row]);
            else
                out = put_yuan(out, fen[row]);
        }
        out = put(out, literals[columns], literal_octets[columns]);
    }
    return out - start;
}
