# cmake --install and cpack: what goes where.
include(GNUInstallDirs)

install(TARGETS rudeproxy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES README.md CHANGELOG.md docs/MANUAL.md docs/TUTORIAL.md docs/COOKBOOK.md docs/FAQ.md docs/TLS.md
    docs/GLOSSARY.md docs/API.md docs/FAULTS.md docs/SCENARIOS.md docs/SWEEP.md docs/INTERCEPT.md docs/IN-YOUR-TESTS.md
    docs/COMING-FROM-TOXIPROXY.md docs/openapi.json
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY config/recipes clients DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The program prints its pages; so they are made with it. Built for another machine, it cannot run here.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
    # add_page(FILE FOLDER WORDS...): what `rudeproxy WORDS` prints is installed as FOLDER/FILE.
    function(add_page file folder)
        set(page ${CMAKE_BINARY_DIR}/pages/${file})
        add_custom_command(OUTPUT ${page}
            COMMAND rudeproxy ${ARGN} >${page}
            DEPENDS rudeproxy)
        set_property(GLOBAL APPEND PROPERTY rude_pages ${page})
        install(FILES ${page} DESTINATION ${folder})
    endfunction()
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/pages/bash ${CMAKE_BINARY_DIR}/pages/zsh)
    add_page(rudeproxy.1 ${CMAKE_INSTALL_MANDIR}/man1 man rudeproxy)
    add_page(rudeproxy-ctl.1 ${CMAKE_INSTALL_MANDIR}/man1 man ctl)
    add_page(rudeproxy.ini.5 ${CMAKE_INSTALL_MANDIR}/man5 man ini)
    add_page(bash/rudeproxy ${CMAKE_INSTALL_DATADIR}/bash-completion/completions completion bash)
    # Debian's zsh looks at vendor-completions only in /usr, and at site-functions only in /usr/local. The prefix is known
    # when the files are installed: cpack has another one.
    install(CODE "set(zsh_folder site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
    set(zsh_folder vendor-completions)
endif()")
    add_page(zsh/_rudeproxy "${CMAKE_INSTALL_DATADIR}/zsh/\${zsh_folder}" completion zsh)
    add_page(rudeproxy.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d completion fish)
    get_property(pages GLOBAL PROPERTY rude_pages)
    add_custom_target(pages ALL DEPENDS ${pages})
endif()

# The unit names the program by its path, which is known when the files are installed, too.
install(FILES packaging/rudeproxy@.service DESTINATION lib/systemd/system)
install(CODE "set(program \"${CMAKE_INSTALL_BINDIR}/rudeproxy\")
cmake_path(ABSOLUTE_PATH program BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
set(unit \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/rudeproxy@.service\")
file(READ \"\${unit}\" text)
string(REPLACE /usr/bin/rudeproxy \"\${program}\" text \"\${text}\")
file(WRITE \"\${unit}\" \"\${text}\")")

# --- cpack: a .deb and a .tar.gz -----------------------------------------------------------------

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME rudeproxy)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "rudeproxy maintainers <maintainers@rudeproxy.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TCP proxy that ends connections badly, on demand")
set(CPACK_PACKAGE_DESCRIPTION "A proxy for tests. It sits between a client and a server, is invisible,
and injects resets, early closes, lost half-closes and stalls at the
byte, the moment and the connection that a file or its API names.
It speaks Toxiproxy's API.")
set(CPACK_STRIP_FILES ON)
# With DESTDIR, or the prefix would be a folder of cpack's.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(cmake/debian.cmake)
include(CPack)
