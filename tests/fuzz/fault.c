/* SPDX-License-Identifier: MIT */
/*
 * The words of --fault. A fault that is read without a problem is printed, and the print reads as
 * the same fault.
 */
#include "tests/fuzz/target.h"

#include "config/config.h"
#include "proxy/base/memory_file.h"

static const char proxy_text[] = "[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n";

static size_t build(const char *words, const char *ini, struct config *config)
{
    struct config_source *source = config_source_new();
    fuzz_require(source != NULL, "out of memory");
    config_source_add_text(source, "proxy", proxy_text);
    if (words != NULL)
        config_source_add_words(source, "--fault", "fault f", words);
    if (ini != NULL)
        config_source_add_text(source, "print", ini);
    size_t problems = config_build(source, config, fuzz_null());
    config_source_free(source);
    return problems;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config first, second;
    struct memory_file file;
    char *text = fuzz_text(data, size);
    if (build(text, NULL, &first) == 0) {
        fuzz_require(memory_file_open(&file) == 0, "out of memory");
        config_print_fault(&first.faults[0], false, file.out);
        char *ini = memory_file_close(&file, NULL);
        fuzz_require(ini != NULL, "out of memory");
        fuzz_require(build(NULL, ini, &second) == 0, ini);
        fuzz_require(fault_equal(&first.faults[0], &second.faults[0]), ini);
        config_free(&first);
        config_free(&second);
        free(ini);
    }
    free(text);
    return 0;
}
