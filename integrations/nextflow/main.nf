// Doses of a cohort with Nextflow: one task for each case, then one table. The tests do not run it, because they have no
// Nextflow.
//
//   nextflow run main.nf --cases cases.csv --out results
//
// cases.csv has the columns case_id, activity, structures, scan_delay_h.
params.cases = 'cases.csv'
params.out = 'results'

process DOSE {
    tag "$case_id"
    cpus 1
    publishDir "${params.out}/${case_id}", mode: 'copy'

    input:
    tuple val(case_id), path(activity), path(structures), val(scan_delay_h)

    output:
    tuple val(case_id), path('dose/doses.csv'), path('dose/doses.json')

    script:
    """
    yttria dose '${activity}' -s '${structures}' --scan-delay-h ${scan_delay_h} --threads ${task.cpus} -o dose
    """
}

workflow {
    Channel.fromPath(params.cases)
        .splitCsv(header: true)
        .map { row -> tuple(row.case_id, file(row.activity), file(row.structures), row.scan_delay_h) }
        | DOSE
}
