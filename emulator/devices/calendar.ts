/**
 * Dates of the proleptic Gregorian calendar from seconds since 1970 and back, in UTC.
 * Written out because the host's `Date` is out of bounds in here. Years start in March, so that leap days come last.
 */
export interface Civil {
  year: number;
  /** 1 to 12. */
  month: number;
  /** 1 to 31. */
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const DAYS_PER_ERA = 146_097; // 400 years.
const DAYS_TO_1970 = 719_468; // From 0000-03-01.

export function secondsFromCivil({ year, month, day, hour, minute, second }: Civil): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * DAYS_PER_ERA + dayOfEra - DAYS_TO_1970) * 86_400 + hour * 3600 + minute * 60 + second;
}

export function civilFromSeconds(seconds: number): Civil {
  const days = Math.floor(seconds / 86_400);
  const time = seconds - days * 86_400;
  const fromMarch0 = days + DAYS_TO_1970;
  const era = Math.floor(fromMarch0 / DAYS_PER_ERA);
  const dayOfEra = fromMarch0 - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = ((marchMonth + 2) % 12) + 1;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(time / 3600),
    minute: Math.floor(time / 60) % 60,
    second: time % 60,
  };
}
