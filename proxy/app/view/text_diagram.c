/* SPDX-License-Identifier: MIT */
/* Everything is drawn into a line of cells, each with one character; a line is printed when it is
 * full. */
#include "proxy/app/view/text_diagram.h"

#include <string.h>

#include "proxy/app/view/beginning.h"
#include "proxy/app/view/log.h"
#include "proxy/base/columns.h"
#include "proxy/base/utf8.h"

#define CELL_MAX 5 /* bytes of a character in UTF-8, and its NUL */

struct canvas {
    FILE *out;
    char cells[COLUMNS_WIDTH][CELL_MAX];
};

/* Columns of the lifelines, by enum lane. */
static const int columns[3] = {15, 45, 75};
#define STEP 30       /* columns from one lifeline to the next */
#define NOTE_WIDTH 56 /* of a line in a note */

/* --- Cells --- */

static void picture_put(struct canvas *canvas, int column, char character)
{
    if (column >= 0 && column < COLUMNS_WIDTH)
        snprintf(canvas->cells[column], CELL_MAX, "%c", character);
}

static void clear(struct canvas *canvas)
{
    for (int i = 0; i < COLUMNS_WIDTH; i++)
        picture_put(canvas, i, ' ');
}

static void draw_lifelines(struct canvas *canvas)
{
    for (int lane = LANE_CLIENT; lane <= LANE_SERVER; lane++)
        picture_put(canvas, columns[lane], '|');
}

static void print_line(struct canvas *canvas)
{
    int length = COLUMNS_WIDTH;
    while (length > 0 && strcmp(canvas->cells[length - 1], " ") == 0)
        length--;
    for (int i = 0; i < length; i++)
        fputs(canvas->cells[i], canvas->out);
    fputc('\n', canvas->out);
    clear(canvas);
    draw_lifelines(canvas);
}

/* Bytes of the character at `text`, and whether a terminal may have it as it is. */
static size_t next_character(const char *text, bool *is_printable)
{
    size_t length = utf8_length(text);
    *is_printable = length > 0 && utf8_is_printable(utf8_code(text, length));
    return length > 0 ? length : 1;
}

static int width_of(const char *text, size_t size)
{
    int width = 0;
    bool is_printable;
    for (size_t i = 0; i < size; i += next_character(text + i, &is_printable))
        width++;
    return width;
}

static void put_text(struct canvas *canvas, int column, const char *text, size_t size)
{
    size_t length;
    bool is_printable;
    for (size_t i = 0; i < size && column < COLUMNS_WIDTH; i += length, column++) {
        length = next_character(text + i, &is_printable);
        if (column >= 0)
            snprintf(canvas->cells[column], CELL_MAX, "%.*s", is_printable ? (int)length : 1,
                is_printable ? text + i : "?");
    }
}

/* Text around a column, moved so that it lies within the picture. */
static void put_centred(struct canvas *canvas, int column, const char *text, size_t size)
{
    int width = width_of(text, size), begin = column - width / 2;
    if (begin + width > COLUMNS_WIDTH)
        begin = COLUMNS_WIDTH - width;
    put_text(canvas, begin > 0 ? begin : 0, text, size);
}

/* Bytes of `text` that make one line of at most `width` characters, cut between words if it can be.
 */
static size_t cut_line(const char *text, int width)
{
    size_t used = 0, word = 0;
    bool is_printable;
    for (int i = 0; i < width && text[used] != '\0'; i++) {
        if (text[used] == ' ' && used > 0)
            word = used;
        used += next_character(text + used, &is_printable);
    }
    return text[used] == '\0' || text[used] == ' ' || word == 0 ? used : word;
}

/* --- Rows --- */

static void put_time(struct canvas *canvas, const struct row *row)
{
    char text[32];
    double ms = (double)row->at_us / 1e3;
    if (!row->has_time)
        return;
    if (row->at_us < 1000000)
        snprintf(text, sizeof text, "%.*f ms", ms < 10 ? 2 : 1, ms);
    else
        snprintf(text, sizeof text, "%.2f s", ms / 1e3);
    put_text(canvas, 0, text, strlen(text));
}

static void draw_arrow(struct canvas *canvas, const struct arrow *arrow, const char *label)
{
    const char body = arrow->kind == ROW_FIN || arrow->kind == ROW_RST ? '=' : '-';
    int step = arrow->to > arrow->from ? 1 : -1, length = STEP - 2, width;
    bool is_lost = arrow->kind == ROW_LOST || arrow->kind == ROW_NOT_CONNECTED;
    if (is_lost && label[0] == '\0')
        length = STEP / 2;
    int column = columns[arrow->from];
    for (int i = 0; i < length; i++)
        picture_put(canvas, column += step, body);
    picture_put(canvas, column + step, is_lost ? 'X' : step > 0 ? '>' : '<');
    width = width_of(label, strlen(label));
    if (width == 0)
        return;
    int begin = (columns[arrow->from] + columns[arrow->to]) / 2 - width / 2;
    put_text(canvas, begin, label, strlen(label));
    picture_put(canvas, begin - 1, ' ');
    picture_put(canvas, begin + width, ' ');
}

/* A label that does not fit into its arrow stands above it. */
static void draw_arrows(struct canvas *canvas, const struct row *row)
{
    const char *texts[2] = {row->text, row->second};
    if (row->arrows[1].kind == ROW_FIN || row->arrows[1].kind == ROW_RST ||
        row->arrows[1].kind == ROW_CONNECT)
        texts[1] = row->text;
    put_time(canvas, row);
    if (width_of(row->text, strlen(row->text)) > STEP - 8) {
        const char *text = row->text;
        int middle = (columns[row->arrows[0].from] + columns[row->arrows[0].to]) / 2;
        for (size_t size; *text != '\0'; text += size, text += strspn(text, " ")) {
            size = cut_line(text, STEP - 3);
            put_centred(canvas, middle, text, size);
            print_line(canvas);
        }
        texts[0] = "";
    }
    for (unsigned i = 0; i < row->arrow_count && i < sizeof texts / sizeof texts[0]; i++)
        draw_arrow(canvas, &row->arrows[i], texts[i]);
    print_line(canvas);
}

static void draw_note(struct canvas *canvas, const struct row *row)
{
    const char *frame[2] = {"(", ")"}, *text = row->text;
    char line[ROW_TEXT_MAX];
    if (row->kind == ROW_FAULT)
        frame[0] = "***", frame[1] = "***";
    put_time(canvas, row);
    for (size_t size; *text != '\0'; text += size, text += strspn(text, " ")) {
        size = cut_line(text, NOTE_WIDTH - 8);
        bool first = text == row->text, last = text[size] == '\0', fault = row->kind == ROW_FAULT;
        snprintf(line, sizeof line, "%s %.*s %s", first || fault ? frame[0] : " ", (int)size, text,
            last || fault ? frame[1] : " ");
        put_centred(canvas, columns[row->lane], line, strlen(line));
        print_line(canvas);
    }
}

static void draw_row(struct canvas *canvas, const struct row *row)
{
    if (row->arrow_count > 0)
        draw_arrows(canvas, row);
    else
        draw_note(canvas, row);
}

static void draw_rows(struct canvas *canvas, const struct story *story)
{
    size_t hidden = story->row_count > PICTURE_ROWS_MAX ? story->row_count - PICTURE_ROWS_MAX : 0;
    for (size_t i = 0; i < story->row_count; i++) {
        if (hidden > 0 && i == PICTURE_ROWS_MAX / 2) {
            struct row row = {.lane = LANE_PROXY, .kind = ROW_NOTE};
            snprintf(row.text, sizeof row.text, "%zu more rows", hidden);
            draw_row(canvas, &row);
            i += hidden;
        }
        draw_row(canvas, &story->rows[i]);
    }
}

/* --- Head and foot --- */

/* Draws a text above each lifeline, in as many lines as it takes. */
static void draw_names(struct canvas *canvas, const char *names[3])
{
    static const int widths[3] = {27, 24, 21}; /* the last lifeline is near the edge */
    do {
        clear(canvas);
        for (int lane = 0; lane < 3; lane++) {
            size_t size = cut_line(names[lane], widths[lane]);
            put_centred(canvas, columns[lane], names[lane], size);
            names[lane] += size + strspn(names[lane] + size, " ");
        }
        print_line(canvas);
    } while (names[0][0] != '\0' || names[1][0] != '\0' || names[2][0] != '\0');
}

static void draw_head(struct canvas *canvas, const struct story *story)
{
    const json_t *first = json_array_get(story->events, 0);
    const char *roles[3] = {"client", "rudeproxy", "server"};
    char names[3][ROW_TEXT_MAX];
    const char *lines[3] = {names[0], names[1], names[2]};
    for (int side = 0; side < 2; side++)
        snprintf(names[side == SIDE_CLIENT ? LANE_CLIENT : LANE_SERVER], sizeof names[0], "%s",
            view_address_of(story->events, story->end, (enum side)side));
    snprintf(names[LANE_PROXY], sizeof names[0], "%.128s#%llu", view_text_of(first, "proxy"),
        (unsigned long long)view_number_of(first, "connection"));
    draw_names(canvas, roles);
    draw_names(canvas, lines);
    print_line(canvas);
}

static void draw_foot(struct canvas *canvas, const struct story *story)
{
    char saw[2][SAW_LINES_MAX][80];
    size_t counts[2], most = 0;
    for (int side = 0; side < 2; side++) {
        counts[side] = view_story_saw(story, (enum side)side, saw[side]);
        most = counts[side] > most ? counts[side] : most;
    }
    print_line(canvas);
    clear(canvas);
    if (most == 0)
        return;
    put_text(canvas, 4, "the client", strlen("the client"));
    put_text(canvas, 46, "the server", strlen("the server"));
    for (size_t i = 0; i <= most; i++) {
        print_line(canvas);
        clear(canvas);
        for (int side = 0; side < 2 && i < most; side++) {
            if (i < counts[side])
                put_text(canvas, side == SIDE_CLIENT ? 6 : 48, saw[side][i], strlen(saw[side][i]));
        }
    }
}

void view_text_diagram_print(const struct story *story, FILE *out)
{
    struct canvas canvas = {.out = out};
    draw_head(&canvas, story);
    draw_rows(&canvas, story);
    draw_foot(&canvas, story);
}
