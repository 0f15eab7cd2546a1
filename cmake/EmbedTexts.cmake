# Writes a header of string constants, one for each text file: figures/gallery.gp becomes kGallery.
function(embed_texts header namespace)
  set(text "#pragma once\n\n#include <string_view>\n\nnamespace ${namespace} {\n")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} content)
    get_filename_component(name ${file} NAME_WE)
    string(SUBSTRING ${name} 0 1 first)
    string(SUBSTRING ${name} 1 -1 rest)
    string(TOUPPER ${first} first)
    string(APPEND text "\ninline constexpr std::string_view k${first}${rest} = R\"text(${content})text\";\n")
  endforeach()
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}\n}  // namespace ${namespace}\n" @ONLY)
endfunction()

# Writes a header with one array, kTexts, of all the files: their names without ending, and what they hold.
function(embed_text_table header namespace)
  set(rows "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} content)
    get_filename_component(name ${file} NAME_WE)
    string(APPEND rows "    {\"${name}\", R\"text(${content})text\"},\n")
  endforeach()
  string(CONCAT text "#pragma once\n\n#include <string_view>\n\nnamespace ${namespace} {\n\n"
         "struct Text {\n  std::string_view name;\n  std::string_view content;\n};\n\n"
         "inline constexpr Text kTexts[] = {\n${rows}};\n\n}  // namespace ${namespace}\n")
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
endfunction()
