import { type DoctorReport, diagnose, isTerrachipError, warpFile } from 'terrachip';

export async function onto(source: string, like: string, destination: string): Promise<number> {
  const { autoBackend }: DoctorReport = await diagnose();
  try {
    const report = await warpFile({ source, destination, grid: { like }, backend: autoBackend });
    return report.width * report.height;
  } catch (error) {
    return isTerrachipError(error, 'TOO_LARGE') ? error.fields.size : 0;
  }
}
