"""By what Weir's answers differ from Buildbot's, and why: pairs of what is met where, and the reason.

A difference is `request: place`; each expression has to be found in one that is met, and each that is met has to have
one. The page for users of Buildbot lists the same.
"""

import re

DIFFERENCES = [
    # The API's own ways.
    (r": \.body\.meta\.total$", "the total is of the page, as in Buildbot's larger lists; Buildbot's smaller ones count all"),
    (r": \.body\.error(\.message(\.\w+)?)?$", "texts of errors say more, and in words"),
    (r"^GET (builders\?field=name&(order|builderid)=|builds\?field=buildid&order=number)", "other fields than the chosen ones can be filtered and ordered by"),
    (r"^GET builds\?limit=-1", "a negative limit is refused; Buildbot ignores it"),
    (r"^GET application\.spec\?", "the list of endpoints has no filters"),
    (r"^GET projects/gauges/builders ", "a project's builders are found by its slug too"),
    (r"^GET projects\?active=true.*: \.body\.projects$", "a project is listed once; Buildbot lists it once for each of its builders"),
    (r": \.body\.projects\[\]\.active$", "whether a project is active is told always"),
    (r"^GET builders/\{builder:gauge\}/workers .*configured_on$|^GET masters/.*/workers .*configured_on$", "a worker's builders are told whole, also below one of them"),
    (r"propert(y|ies)_list : .*_properties.*\.value$", "JSON within JSON has no spaces"),
    (r"\._properties\.(reason|basedir|builddir\.source)$", "the properties differ as those of builds do"),
    (r"^POST (builds/999999|workers/nothing|forceschedulers/nothing)", "what does not exist is 404; Buildbot has 500, or nothing"),
    (r'^POST (buildrequests|schedulers)/.*"nothing"', "an unknown method is 501; Buildbot has 500, or nothing"),
    (r"^POST .*set_priority", "a request's priority can be set; Buildbot 4.3 has 500"),
    (r'"builderid":"\{builder:style\}"(,"count":"x"|,"colour":"green")?\}\}: ', "a required field that is left out has its default"),
    # What the masters do otherwise.
    (r"\.state_string$", "texts of states are Weir's"),
    (r"\.buildsets\[\]\.reason$|\.properties\[\]\.reason(\[\])?$", "texts of reasons are Weir's, and a property of each build"),
    (r"\.steps\[\]\.number$", "Buildbot's first step prepares the worker"),
    (r"^GET builds/\{build:gauge/2\}/steps : \.body\.steps$", "all steps of a build are there from its beginning; those that a failure leaves out are skipped"),
    (r"\.steps\[\]\.urls$", "a trigger's links are to the builds, within the site"),
    (r"\.num_lines$", "a log's header has fewer lines"),
    (r"\.workerinfo\.", "workers tell of themselves"),
    (r"\.masters?(\[\])?\.name$", "each master has its folder's name"),
    (r"\.sourcestamps\[\]\.(branch|revision)$", "a form's empty branch and revision are none"),
    (r"\.buildrequests(\[\]\.claimed\w*)?$", "a request that is cancelled is not claimed"),
    (r"(all_fields|fields)\[\]\.pattern$|\.forceschedulers\[\]\.properties$", "what a form's fields check, and what it gives its buildsets"),
    (r"\.properties\[\]\.(basedir|builddir(\[\])?)$", "a builder's folder is relative to its worker's, which the worker alone knows"),
    (r"\.properties(\[\])?\.(depth|tags)$", "builds that are triggered or forced do not have the properties of their source's changes"),
    (r"\.properties(\[\])?\.owner\[\]$", "who is unknown is called anonymous"),
]


class Known:
    """Tells what is known, and what of it was not met."""

    def __init__(self):
        self.left = {found for found, _ in DIFFERENCES}

    def has(self, difference):
        met = {found for found, _ in DIFFERENCES if re.search(found, difference)}
        self.left -= met
        return bool(met)
