/** The grading cases as data: guest/grade/cases.json, whose README tells what each field means. */
