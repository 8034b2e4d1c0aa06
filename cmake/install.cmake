# cmake --install and cpack: what goes where.
include(GNUInstallDirs)

install(TARGETS rudeproxy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# All documents, side by side, because they link to each other.
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES README.md CHANGELOG.md CONTRIBUTING.md ${documents} docs/openapi.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/performance docs/plots config/recipes clients DESTINATION ${CMAKE_INSTALL_DOCDIR})

# install_made(FILE FOLDER): what the build makes besides the program.
function(install_made file folder)
    set_property(GLOBAL APPEND PROPERTY rude_made_files "${file}")
    install(FILES "${file}" DESTINATION "${folder}")
endfunction()
# install_compressed(FILE FOLDER): FOLDER/FILE.gz; where there is no gzip, the file as it is.
find_program(GZIP gzip)
function(install_compressed file folder)
    if(GZIP)
        add_custom_command(OUTPUT "${file}.gz" COMMAND "${GZIP}" -9nkf "${file}" DEPENDS "${file}" VERBATIM)
        set(file "${file}.gz")
    endif()
    install_made("${file}" "${folder}")
endfunction()

# The program prints its pages; so they are made with it. Built for another machine, it cannot run here.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
    # print_page(FILE WORDS...): FILE is what `rudeproxy WORDS` prints.
    function(print_page file)
        add_custom_command(OUTPUT "${file}" COMMAND rudeproxy ${ARGN} > "${file}" DEPENDS rudeproxy VERBATIM)
    endfunction()
    function(add_man_page name section page)
        print_page("${pages}/${name}.${section}" man ${page})
        install_compressed("${pages}/${name}.${section}" ${CMAKE_INSTALL_MANDIR}/man${section})
    endfunction()
    function(add_completion shell file folder)
        print_page("${pages}/${file}" completion ${shell})
        install_made("${pages}/${file}" "${folder}")
    endfunction()
    set(pages ${PROJECT_BINARY_DIR}/pages)
    file(MAKE_DIRECTORY "${pages}/bash" "${pages}/zsh")
    add_man_page(rudeproxy 1 rudeproxy)
    add_man_page(rudeproxy-ctl 1 ctl)
    add_man_page(rudeproxy.ini 5 ini)
    add_completion(bash bash/rudeproxy ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    # Debian's zsh looks at vendor-completions only in /usr, and at site-functions only in /usr/local. The prefix is known
    # when the files are installed: cpack has another one. A .deb is for Debian, wherever it is packed.
    install(CODE "set(zsh_folder site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\"
    AND (EXISTS /etc/debian_version OR \"\$ENV{DESTDIR}\" MATCHES \"/_CPack_Packages/[^/]+/DEB/\"))
    set(zsh_folder vendor-completions)
endif()")
    add_completion(zsh zsh/_rudeproxy "${CMAKE_INSTALL_DATADIR}/zsh/\${zsh_folder}")
    add_completion(fish rudeproxy.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
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
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_folders.cmake)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(cmake/debian.cmake)
include(CPack)
get_property(made_files GLOBAL PROPERTY rude_made_files)
add_custom_target(made_files ALL DEPENDS ${made_files})
